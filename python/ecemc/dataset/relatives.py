"""Which frames must not be parted, since one of them gives the others away."""

from __future__ import annotations

__all__ = ["Relatives"]

from typing import TYPE_CHECKING, Any

from ecemc import keys
from ecemc.dataset.fingerprint import Fingerprints

if TYPE_CHECKING:
    from ase import Atoms


class Relatives:
    """Groups of frames: repeated geometries, frames with the same value of a key, and volume scans.

    Consecutive frames with the same atoms and the same ``scan_mode`` whose ``scan_scale`` goes on rising or falling are
    one scan, also without a key that says so.

    Examples
    --------
    >>> from ase import Atoms
    >>> relatives = Relatives("run")
    >>> for k, run in enumerate("aba"):
    ...     relatives.add(k, Atoms("CO", [[0, 0, 0], [0, 0, 1.0 + 0.1 * k]], info={"run": run}))
    >>> relatives.groups()
    [(0, 2), (1,)]
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._leader: dict[int, int] = {}
        self._by_value: dict[str, int] = {}
        self._prints = Fingerprints()
        self._scan: tuple[int, Any, float, float] | None = None

    def add(self, number: int, atoms: Atoms) -> None:
        """Take one frame; numbers ascend."""
        self._leader[number] = number
        self._prints.add(number, atoms)
        value = atoms.info.get(self._key)
        if value is not None:
            self._join(self._by_value.setdefault(str(value), number), number)
        self._follow_scan(number, atoms)

    def groups(self) -> list[tuple[int, ...]]:
        """Give all frames, those together that belong together, in the order of the first of each group."""
        for same in self._prints.groups():
            for number in same[1:]:
                self._join(same[0], number)
        groups: dict[int, list[int]] = {}
        for number in self._leader:
            groups.setdefault(self._find(number), []).append(number)
        return [tuple(members) for members in groups.values()]

    def _follow_scan(self, number: int, atoms: Atoms) -> None:
        """Join a frame with the one before if both are of one scan."""
        scale = atoms.info.get(keys.SCAN_SCALE)
        if scale is None:
            self._scan = None
            return
        what = (atoms.symbols.formula.format("hill"), str(atoms.info.get(keys.SCAN_MODE)))
        way = 0.0
        if self._scan is not None and self._scan[1] == what:
            before, _, last, direction = self._scan
            way = float(scale) - last
            if way * direction >= 0.0 and way != 0.0:
                self._join(before, number)
            else:
                way = 0.0
        self._scan = (number, what, float(scale), way)

    def _find(self, number: int) -> int:
        while self._leader[number] != number:
            self._leader[number] = number = self._leader[self._leader[number]]
        return number

    def _join(self, a: int, b: int) -> None:
        a, b = sorted((self._find(a), self._find(b)))
        self._leader[b] = a
