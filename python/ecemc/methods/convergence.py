"""Whether the self-consistent field of a DFT program has converged, read from the program's text output.

Programs go on after a failed SCF, and interfaces take the energy that they print. Such labels spoil a fit and look like
all others. The gate asks for positive evidence: no word about convergence is not converged.
"""

from __future__ import annotations

__all__ = ["scf_converged"]

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecemc.errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike


@dataclass(frozen=True)
class _Program:
    """What a program writes, as regular expressions on lines."""

    name: str
    #: once for each run
    header: str
    #: of each SCF calculation
    start: str
    good: str
    bad: str
    #: of a run that was not cut off; None where the file is read while the program runs on
    end: str | None = None
    #: most steps, and number of the step: programs that call it converged when they merely stop
    limit: str | None = None
    step: str | None = None


_PROGRAMS = (
    _Program(
        name="CP2K",
        header=r"^ CP2K\| version string",
        start=r"SCF WAVEFUNCTION OPTIMIZATION",
        good=r"SCF run converged in",
        bad=r"SCF run NOT converged|outer SCF loop FAILED to converge|\[ABORT\]",
        # The shell that ASE talks to calculates one frame after the other.
    ),
    _Program(
        name="ORCA",
        header=r"^\s+\* O   R   C   A \*",
        start=r"^SCF ITERATIONS|^\s+ORCA SCF\s*$",
        good=r"SCF CONVERGED AFTER",
        bad=r"SCF NOT CONVERGED AFTER|[Ww]avefunction not fully converged|wavefunction IS NOT (YET )?CONVERGED",
        end=r"ORCA TERMINATED NORMALLY",
    ),
    _Program(
        name="CASTEP",
        header=r"CASTEP version \d",
        start=r"^Initial .*<-- SCF",
        good=r"^ *Final energy",
        bad=r"max\. SCF cycles performed but system has not reached the groundstate"
        r"|electronic minimisation did not converge",
        end=r"^Total time +=",
    ),
    _Program(
        name="VASP",
        header=r"^ vasp\.\d",
        start=r"Iteration +\d+\( *1\)",
        good=r"aborting loop because EDIFF is reached",
        bad=r"aborting loop (?!because EDIFF is reached)",
        end=r"General timing and accounting informations",
        # VASP 5 writes "EDIFF is reached" also when it was the number of steps that was reached.
        limit=r"NELM +=\s*(\d+)",
        step=r"Iteration +\d+\( *(\d+)\)",
    ),
)


def scf_converged(path: str | PathLike[str]) -> str | None:
    """Judge the last SCF calculation of an output file of CP2K, ORCA, CASTEP or VASP (``OUTCAR``).

    Meant for the function ``converged`` of a user's method, see :func:`ecemc.methods.get_method`. The program is
    recognised by what it writes.

    Parameters
    ----------
    path
        The output file.

    Returns
    -------
    str or None
        None if the SCF has converged and, but for CP2K, which may still be running, the run has come to its end; else
        the reason why its result must not be used.

    Raises
    ------
    FileFormatError
        If it is no output of these programs.

    Notes
    -----
    A VASP run that took all ``NELM`` steps is refused whatever VASP says: version 5 calls it converged in any case.

    Examples
    --------
    >>> text = ''' CP2K| version string:                   CP2K version 2023.1
    ...  SCF WAVEFUNCTION OPTIMIZATION
    ...   *** WARNING in qs_scf.F:598 :: SCF run NOT converged ***
    ... '''
    >>> _ = Path("cp2k.out").write_text(text)
    >>> scf_converged("cp2k.out")
    'CP2K: WARNING in qs_scf.F:598 :: SCF run NOT converged (cp2k.out)'
    """
    path = Path(path)
    if not path.is_file():
        return f"no output file {path}"
    with path.open(encoding="utf-8", errors="replace") as file:
        program = next((p for line in file for p in _PROGRAMS if re.search(p.header, line)), None)
        if program is None:
            names = ", ".join(p.name for p in _PROGRAMS)
            raise FileFormatError(f"{path}: no output of {names}; write a gate for this program")
        reason = _judge(program, file)
    return None if reason is None else f"{program.name}: {reason} ({path.name})"


def _judge(program: _Program, lines: Iterable[str]) -> str | None:
    """Go through a file from behind its first header."""
    nothing = "no SCF calculation in it"
    reason: str | None = nothing
    failed = ended = False
    limit = step = 0
    for line in lines:
        if program.limit and (found := re.search(program.limit, line)):
            limit = int(found[1])
        if program.step and (found := re.search(program.step, line)):
            step = int(found[1])
        if re.search(program.header, line):
            reason, failed, ended = nothing, False, False
        elif re.search(program.start, line):
            reason, failed = "the SCF has not come to its end", False
        elif re.search(program.bad, line):
            reason, failed = line.strip(" *-\n"), True
        elif re.search(program.good, line) and not failed:
            reason = f"all {limit} steps were taken" if 0 < limit <= step else None
        elif program.end and re.search(program.end, line):
            ended = True
    if reason is None and program.end and not ended:
        return "the run was cut off"
    return reason
