"""The gate on outputs of DFT programs, and the example files that use it."""

from __future__ import annotations

import shutil

import pytest
from ase.io.castep import write_param

from ecemc.errors import FileFormatError
from ecemc.methods import get_method, scf_converged
from ecemc.testing import molecule

CP2K = " CP2K| version string:                       CP2K version 2099.1\n"
CP2K_GOOD = " SCF WAVEFUNCTION OPTIMIZATION\n\n  *** SCF run converged in    21 steps ***\n"
CP2K_OUTER = (
    " SCF WAVEFUNCTION OPTIMIZATION\n  *** SCF run converged in    9 steps ***\n"
    "  outer SCF loop FAILED to converge after   11 iterations or   99 steps\n"
    " *** WARNING in qs_scf.F:1 :: SCF run NOT converged ***\n"
)
CP2K_OPEN = " SCF WAVEFUNCTION OPTIMIZATION\n  Leaving inner SCF loop after reaching    20 steps.\n"
CP2K_ABORT = """ SCF WAVEFUNCTION OPTIMIZATION
 *   ___                                       *
 *  [ABORT]                                    *
 *   \\___/  SCF run NOT converged. To continue *
"""

ORCA = "                  * O   R   C   A *\n"
ORCA_GOOD = "      *           SCF CONVERGED AFTER  11 CYCLES          *\nFINAL SINGLE POINT ENERGY   -1.0\n"
ORCA_BAD = "      *       SCF NOT CONVERGED AFTER  125 CYCLES         *\n"
ORCA_NEAR = "FINAL SINGLE POINT ENERGY (Wavefunction not fully converged!)   -1.0\n"
ORCA_END = "                  ****ORCA TERMINATED NORMALLY****\n"

CASTEP = " Welcome to Academic Release CASTEP version 99.1\n"
CASTEP_LOOP = "Initial  -1.0E+003  0.0E+000                          1.2  <-- SCF\n"
CASTEP_BAD = "*Warning* max. SCF cycles performed but system has not reached the groundstate.\n"
CASTEP_ENERGY = "Final energy, E             =  -1.0     eV\n"
CASTEP_END = "Total time          =      3.21 s\n"

VASP = " vasp.9.9.9 complex\n   NELM   =     60;   NELMIN=  2; NELMDL= -5     # of ELM steps\n"
VASP_GOOD = "------------------------ aborting loop because EDIFF is reached ----------\n"
VASP_BAD = "------------------------ aborting loop EDIFF was not reached (unconverged) ---\n"
VASP_HARD = "------------------------ aborting loop because hard stop was set ---\n"
VASP_END = " General timing and accounting informations for this job:\n"


def vasp_steps(last, ionic=1):
    return "".join(f"------ Iteration {ionic:6d}({step:4d})  -----\n" for step in range(1, last + 1))


CONVERGED = {
    "CP2K": CP2K + CP2K_GOOD,
    "CP2K, the last of two": CP2K + CP2K_OUTER + CP2K_GOOD,
    "ORCA": ORCA + ORCA_GOOD + ORCA_END,
    "ORCA, run again": ORCA + ORCA_BAD + ORCA + ORCA_GOOD + ORCA_END,
    "CASTEP": CASTEP + CASTEP_LOOP + CASTEP_ENERGY + CASTEP_END,
    "CASTEP, run again": CASTEP + CASTEP_LOOP + CASTEP_BAD + CASTEP + CASTEP_LOOP + CASTEP_ENERGY + CASTEP_END,
    "VASP": VASP + vasp_steps(12) + VASP_GOOD + VASP_END,
    "VASP, the last of two": VASP + vasp_steps(60) + VASP_BAD + vasp_steps(9, 2) + VASP_GOOD + VASP_END,
}  # fmt: skip
REFUSED = [
    ("CP2K", CP2K + CP2K_OUTER, "SCF run NOT converged"),
    ("CP2K", CP2K + CP2K_GOOD + CP2K_OUTER, "SCF run NOT converged"),
    ("CP2K", CP2K + CP2K_GOOD + CP2K_OPEN, "has not come to its end"),
    ("CP2K", CP2K + CP2K_ABORT, "SCF run NOT converged"),
    ("CP2K", CP2K, "no SCF calculation"),
    ("CP2K", CP2K + CP2K_GOOD + CP2K, "no SCF calculation"),
    ("ORCA", ORCA + ORCA_BAD, "SCF NOT CONVERGED AFTER  125"),
    ("ORCA", ORCA + ORCA_NEAR + ORCA_END, "not fully converged"),
    ("ORCA", ORCA + ORCA_GOOD, "cut off"),
    ("CASTEP", CASTEP + CASTEP_LOOP + CASTEP_BAD + CASTEP_ENERGY + CASTEP_END, "has not reached the groundstate"),
    ("CASTEP", CASTEP + CASTEP_LOOP, "has not come to its end"),
    ("CASTEP", CASTEP + CASTEP_LOOP + CASTEP_ENERGY, "cut off"),
    ("VASP", VASP + vasp_steps(60) + VASP_BAD + VASP_END, "EDIFF was not reached"),
    ("VASP", VASP + vasp_steps(60) + VASP_GOOD + VASP_END, "all 60 steps were taken"),  # what VASP 5 writes
    ("VASP", VASP + vasp_steps(7) + VASP_HARD + VASP_END, "hard stop"),
    ("VASP", VASP + vasp_steps(7) + VASP_GOOD, "cut off"),
    ("VASP", VASP + vasp_steps(7), "has not come to its end"),
]


@pytest.mark.parametrize("text", CONVERGED.values(), ids=CONVERGED.keys())
def test_converged(text, tmp_path):
    (tmp_path / "out").write_text("a line of a batch system\n" + text)
    assert scf_converged(tmp_path / "out") is None


@pytest.mark.parametrize(("program", "text", "reason"), REFUSED)
def test_refused(program, text, reason, tmp_path):
    (tmp_path / "out").write_text(text)
    given = scf_converged(tmp_path / "out")
    assert given is not None
    assert given.startswith(f"{program}: ")
    assert reason in given
    assert given.endswith("(out)")


def test_no_output(tmp_path):
    assert "no output file" in scf_converged(tmp_path / "missing")
    (tmp_path / "empty").write_bytes(b"\xff\xfe")
    with pytest.raises(FileFormatError, match="empty: no output of CP2K, ORCA, CASTEP, VASP"):
        scf_converged(tmp_path / "empty")


@pytest.mark.parametrize("program", ["cp2k", "orca", "castep", "vasp"])
def test_example_files(program, root, tmp_path, monkeypatch):
    """They make the calculator, or lack nothing but the program; the gate finds no output yet."""
    monkeypatch.chdir(tmp_path)
    method = get_method(root / "examples" / "references" / f"{program}.py")
    if program == "cp2k" and shutil.which("cp2k.psmp") is None:
        with pytest.raises(FileNotFoundError, match=r"cp2k\.psmp"):  # ASE starts it at once
            method.make()
        return
    calculator = method.make()
    assert type(calculator).__name__.lower() == program
    assert "no output file" in method.converged(calculator)


def test_castep_input(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calculator = get_method(root / "examples" / "references" / "castep.py", cutoff=700.0).make()
    write_param("frame.param", calculator.param)
    text = (tmp_path / "frame.param").read_text().lower()
    for line in ("cut_off_energy: 700.0", "calculate_stress: true", "sedc_scheme: g06", "xc_functional: pbe"):
        assert line in text


def test_orca_input(root, tmp_path, monkeypatch):
    """Without EnGrad there are no forces; ASE does not ask for them by itself."""
    monkeypatch.chdir(tmp_path)
    calculator = get_method(root / "examples" / "references" / "orca.py", command="/opt/orca/orca").make()
    calculator.write_inputfiles(molecule("EC"), ["energy", "forces"])
    text = next(tmp_path.glob("orca-*/orca.inp")).read_text()
    assert "EnGrad" in text
    assert "TightSCF" in text
