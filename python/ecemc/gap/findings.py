"""What a look at a training set finds: errors, warnings, notes."""

from __future__ import annotations

__all__ = ["Finding"]

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One remark on a training set or its parameters.

    Attributes
    ----------
    severity
        ``"error"``: gap_fit would stop or fit the wrong thing; ``"warning"``: it would fit, but perhaps not what was
        meant; ``"note"``: what is done about something that gap_fit could not handle.
    text
        What, where, and how to mend it.

    Examples
    --------
    >>> Finding("warning", "no virials").severity
    'warning'
    """

    severity: Literal["error", "warning", "note"]
    text: str
