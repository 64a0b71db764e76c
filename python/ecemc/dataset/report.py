"""What was found in a data set: groups of configurations, findings, and a verdict."""

from __future__ import annotations

__all__ = ["DatasetReport", "Finding", "Group", "Status", "frame_list"]

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecemc.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ecemc.labels import LabelKeys

#: ``"unknown"``: the data cannot tell; does not count in the verdict.
Status = Literal["pass", "unknown", "attention", "fail"]

_ORDER: tuple[Status, ...] = ("fail", "attention", "unknown", "pass")
#: Frames that a text names; all are in ``Finding.frames``.
_NAMED = 5
#: Changes when the fields of the JSON do.
LAYOUT = "ecemc.dataset-report/1"


@dataclass(frozen=True)
class Finding:
    """One question to the data and its answer."""

    name: str
    status: Status
    #: what was found, with numbers and units
    text: str
    #: how to mend it, empty if nothing
    advice: str = ""
    #: numbers of the frames concerned, from 0
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Group:
    """Configurations of one ``config_type``."""

    #: empty where frames have none
    config_type: str
    n_frames: int
    #: smallest and largest number of atoms
    n_atoms: tuple[int, int]
    #: molecules or atoms in a frame, such as ``"4 EC + 8 EMC"``, and in how many frames; most common first
    compositions: Mapping[str, int]
    #: frames with each label
    n_energy: int
    n_forces: int
    n_virial: int
    #: lowest and highest energy per atom, eV; None without energies
    energy_per_atom: tuple[float, float] | None
    #: root mean square of the force components, eV/Å; None without forces
    force_rms: float | None


@dataclass(frozen=True)
class DatasetReport:
    """Everything that :func:`ecemc.dataset.check_dataset` has found.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ecemc.dataset import check_dataset
    >>> report = check_dataset([Atoms("He", info={"REF_energy": -78.8}, cell=[20, 20, 20], pbc=True)])
    >>> report.n_frames, report.finding("keys").status
    (1, 'pass')
    """

    #: file, or ``"frames"``
    source: str
    #: keys that were looked for
    keys: LabelKeys
    n_frames: int
    n_atoms: int
    groups: tuple[Group, ...]
    #: worst first
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """Worst answer: ``"pass"``, ``"attention"`` or ``"fail"``."""
        told = [finding.status for finding in self.findings if finding.status != "unknown"]
        return min(told, key=_ORDER.index, default="pass")

    @property
    def summary(self) -> str:
        """Give the verdict in one sentence."""
        concerned = [finding.name for finding in self.findings if finding.status == self.status]
        if self.status == "pass":
            n_unknown = len(self.findings) - len(concerned)
            return f"{len(concerned)} checks passed" + (f", {n_unknown} cannot be told" if n_unknown else "")
        return ("look at " if self.status == "attention" else "not fit for training: ") + ", ".join(concerned)

    def finding(self, name: str) -> Finding:
        """Answer to one question.

        Raises
        ------
        KeyError
            If there is no such question.
        """
        found = {finding.name: finding for finding in self.findings}
        return found[name]

    def to_dict(self) -> dict[str, Any]:
        """Give everything as strict JSON."""
        content = plain(asdict(self))
        return {"layout": LAYOUT, "status": self.status, "summary": self.summary, **content}


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put the worst first, else keep the order."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.status)))


def frame_list(frames: Iterable[int]) -> str:
    """Name frames, and count those beyond the first.

    Examples
    --------
    >>> frame_list([3]), frame_list(range(7))
    ('frame 3', 'frames 0, 1, 2, 3, 4 and 2 more')
    """
    numbers = list(frames)
    named = ", ".join(map(str, numbers[:_NAMED]))
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"frame{'s' * (len(numbers) != 1)} {named}{more}"
