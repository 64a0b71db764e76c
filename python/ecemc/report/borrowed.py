"""Figures that another verb has drawn, taken over into a page."""

from __future__ import annotations

__all__ = ["borrowed_svg"]

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: What a drawing needs none of and a page must not take in: scripts, handlers, anything from elsewhere.
_FOREIGN = re.compile(
    r"<script|<foreignObject|<iframe|<!ENTITY|\son\w+\s*=|javascript:|@import"
    r"|(?:href|src)\s*=\s*[\"'](?!#|data:image/png;base64,)|url\((?!#)",
    re.IGNORECASE,
)
#: Bytes; larger drawings stay where they are.
_MAX_SIZE = 1_500_000


def borrowed_svg(path: Path) -> str | None:
    """Text of a drawing; None if there is none, it is too large, or it is no plain drawing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.svg"
    ...     _ = file.write_text("<svg><script>alert(1)</script></svg>")
    ...     borrowed_svg(file) is None
    True
    """
    if not path.is_file() or path.stat().st_size > _MAX_SIZE:
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    body = re.sub(r"<metadata>.*?</metadata>", "", text[max(0, text.find("<svg")) :], flags=re.DOTALL)
    return text if body.startswith("<svg") and not _FOREIGN.search(body) else None
