"""Whether a fit goes into memory, and what would make it."""

from __future__ import annotations

__all__ = ["memory_findings"]

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ecemc.gap.findings import Finding
from ecemc.gap.memory import FORCE_ROWS, VIRIAL_ROWS, estimate_memory
from ecemc.gap.params import Distance2b, SoapTurbo
from ecemc.text import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ecemc.gap.memory import Size
    from ecemc.gap.params import Soap

#: Part of the free memory above which a fit is a risk.
_TIGHT = 0.9
_GB = 1e9


def memory_findings(sizes: Sequence[Size], n_labels: int, n_frames: int, limit: int | None) -> Iterator[Finding]:
    """Compare what gap_fit will take with what there is.

    Parameters
    ----------
    sizes
        Descriptors and their derivatives.
    n_labels
        Energies, force components and virial components together.
    n_frames
        Frames of the training set.
    limit
        Bytes that gap_fit may take; None if not known.
    """
    estimate = estimate_memory(sizes, n_labels)
    if limit is None or estimate.total <= _TIGHT * limit:
        return
    fits = estimate.total <= limit
    text = f"gap_fit will take about {_gigabytes(estimate.total)}, and {_gigabytes(limit)} are free"
    changes = "; ".join(_changes(sizes, n_labels, n_frames, _TIGHT * limit))
    yield Finding("warning" if fits else "error", f"{text}. What would fit: {changes or 'fewer sparse points'}")


def _changes(sizes: Sequence[Size], n_labels: int, n_frames: int, limit: float) -> Iterator[str]:
    """List changes that bring a fit below a limit, each by itself."""

    def shown(text: str, changed: Sequence[Size]) -> Iterator[str]:
        total = estimate_memory(changed, n_labels).total
        if total <= limit:
            yield f"{text} ({_gigabytes(total)})"

    program = estimate_memory([], 0).total
    frames = int(n_frames * (limit - program) / (estimate_memory(sizes, n_labels).total - program))
    if frames >= 1:
        yield f"{frames} of the {n_frames} frames"
    yield from shown('compress_mode = "trivial"', _changed(sizes, _compressed))
    for what, fields in (("l_max", ("l_max",)), ("n_max and alpha_max", ("n_max", "alpha_max"))):
        tries = (next(shown(f"{what} {k} less", _changed(sizes, _smaller(fields, k))), None) for k in range(1, 5))
        yield from islice(filter(None, tries), 1)
    third = [
        replace(size, n_derivatives=size.n_derivatives * FORCE_ROWS // (FORCE_ROWS + VIRIAL_ROWS)) for size in sizes
    ]
    yield from shown("no virials", third)


def _changed(sizes: Sequence[Size], change: Callable[[Soap | SoapTurbo], dict[str, Any]]) -> list[Size]:
    """Sizes with other fields of the many-body terms."""
    n_elements = len({size.line.elements[0] for size in sizes if not isinstance(size.line.term, Distance2b)})
    result = []
    for size in sizes:
        term = size.line.term
        if not isinstance(term, Distance2b):
            term = type(term)(**{**dict(term), **change(term)})
            line = size.line._replace(term=term, length=term.length(n_elements))
            size = replace(size, line=line)  # noqa: PLW2901
        result.append(size)
    return result


def _gigabytes(n_bytes: float) -> str:
    return f"{number(n_bytes / _GB, 3)} GB"


def _compressed(term: Soap | SoapTurbo) -> dict[str, Any]:
    return {"compress_mode": "trivial"} if isinstance(term, SoapTurbo) else {}


def _smaller(fields: tuple[str, ...], less: int) -> Callable[[Soap | SoapTurbo], dict[str, Any]]:
    """Change that takes some off whole numbers, but never below 2."""
    return lambda term: {name: max(2, getattr(term, name) - less) for name in fields if hasattr(term, name)}
