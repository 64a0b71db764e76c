"""From what users name or give to a method; its identity; what is refused."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from ecemc.errors import InputError
from ecemc.methods import Method, OplsCalculator, get_method

FILE = """
from ase.calculators.lj import LennardJones

def calculator(epsilon=1.0):
    return LennardJones(epsilon=epsilon, rc=10.0)

def converged(calculator):
    return None if calculator.results["energy"] < 0 else "the energy is positive"
"""


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.py"
    path.write_text(FILE)
    return path


def energy(method, distance=1.2):
    return method.make().get_potential_energy(Atoms("Ar2", [[0, 0, 0], [0, 0, distance]]))


def make_lj(epsilon=1.0):
    return LennardJones(epsilon=epsilon, rc=10.0)


def test_file(reference):
    method = get_method(str(reference), epsilon=2.0)
    assert energy(method) == pytest.approx(2.0 * energy(get_method(reference)))
    assert method.name.startswith("reference ")
    calculator = method.make()
    for distance, reason in ((1.2, None), (0.9, "the energy is positive")):
        calculator.get_potential_energy(Atoms("Ar2", [[0, 0, 0], [0, 0, distance]]))
        assert method.converged(calculator) == reason


def test_option_that_is_called_like_a_part_of_the_identity(reference):
    reference.write_text(FILE.replace("epsilon=1.0", "sha256='', epsilon=1.0"))
    first = get_method(reference, sha256="a").identity
    reference.write_text(FILE.replace("epsilon=1.0", "sha256='', epsilon=2.0"))
    assert get_method(reference, sha256="a").identity != first


def test_file_without_gate(reference):
    reference.write_text(FILE[: FILE.index("def converged")])
    assert get_method(reference).converged is None


def test_identity_of_a_file_is_its_content_and_options(reference, tmp_path):
    first = get_method(reference).identity
    assert get_method(reference).identity == first
    assert get_method(reference, epsilon=2.0).identity != first
    copy = tmp_path / "copy.py"
    copy.write_text(FILE)
    assert get_method(copy).identity == first
    reference.write_text(FILE + "\n# another content\n")
    assert get_method(reference).identity != first


def test_file_in_another_process(reference, tmp_path):
    method = get_method(reference, epsilon=3.0)
    (tmp_path / "method.pickle").write_bytes(pickle.dumps(method))
    code = (
        "import pickle, ase; method = pickle.load(open('method.pickle', 'rb')); calculator = method.make(); "
        "print(calculator.get_potential_energy(ase.Atoms('Ar2', [[0, 0, 0], [0, 0, 1.2]])), "
        "method.converged(calculator))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    value, gate = done.stdout.split()
    assert float(value) == energy(method)
    assert gate == "None"


def test_file_that_changes_under_way(reference):
    method = get_method(reference)
    content = pickle.dumps(method)
    reference.write_text(FILE.replace("epsilon=1.0", "epsilon=7.0"))
    code = f"import pickle; pickle.loads({content!r}).make()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "the file has changed since this run began" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\n", r"no function calculator\(\); it has to make"),
        ("def calculator(:\n", "SyntaxError"),
        ("import nonsense_that_is_not_there\n", "ModuleNotFoundError: No module named 'nonsense_that_is_not_there'"),
        ("raise SystemError('no')\n", "SystemError: no"),
    ],
)
def test_bad_file(reference, content, message):
    reference.write_text(content)
    with pytest.raises(InputError, match=f"(?s)reference.py: .*{message}"):
        get_method(reference)


def test_module_and_function():
    method = get_method("ase.calculators.lj:LennardJones", rc=10.0)
    assert energy(method) == energy(get_method(partial(LennardJones, rc=10.0)))
    assert method.name == "ase.calculators.lj:LennardJones"
    assert "ase=" in method.identity
    assert pickle.loads(pickle.dumps(method)).identity == method.identity


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nothing", "got 'nothing', expected opls, gfn1-xtb, gfn2-xtb, pyscf, FUNCTIONAL/BASIS such as pbe-d3bj"),
        ("GFN2-xTB", "got 'GFN2-xTB', expected opls"),
        ("missing.py", "missing.py: no such file"),
        ("missing.xml", "missing.xml: no such file"),
        ("no.such:thing", "no module 'no' that Python can import"),
        ("ase.calculators.lj:Nothing", r"ase.calculators.lj: no function Nothing\(\)"),
        (7, "got int, expected opls"),
    ],
)
def test_unknown_methods(spec, message):
    with pytest.raises(InputError, match=message):
        get_method(spec)


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("opls", {"cut": 8.0}, "unexpected keyword argument 'cut'; its options are: cutoff, switch_width"),
        ("opls", {"cutoff": -1.0}, "cutoff: got -1.0"),
        (make_lj, {"sigma": 2.0}, "unexpected keyword argument 'sigma'; its options are: epsilon"),
        (LennardJones(), {"sigma": 2.0}, r"got options \(sigma\) for a LennardJones that is made already"),
        (Method("a", "a", LennardJones), {"sigma": 2.0}, "method a: has its options already, got sigma"),
    ],
)
def test_unknown_options(spec, options, message):
    with pytest.raises(InputError, match=message):
        get_method(spec, **options)


def test_unknown_option_of_a_file(reference):
    with pytest.raises(InputError, match="unexpected keyword argument 'sigma'; its options are: epsilon"):
        get_method(reference, sigma=1.0)


def test_calculator_as_it_is():
    calculator = LennardJones(rc=10.0)
    method = get_method(calculator)
    assert method.make() is calculator
    assert method.name == "LennardJones"
    assert get_method(LennardJones(rc=10.0)).identity == method.identity
    assert get_method(LennardJones(rc=9.0)).identity != method.identity
    assert get_method(EMT()).identity != method.identity


def test_state_outside_of_parameters_counts():
    """As weights of a model do."""
    one, two = LennardJones(), LennardJones()
    one.weights, two.weights = np.zeros(3), np.ones(3)
    assert get_method(one).identity != get_method(two).identity


def test_functions_that_differ_in_what_they_carry():
    def maker(epsilon):
        return lambda: make_lj(epsilon)

    one, two = maker(1.0), maker(2.0)
    assert get_method(one).identity != get_method(two).identity
    assert get_method(one).identity == get_method(maker(1.0)).identity
    assert get_method(partial(make_lj, 1.0)).identity != get_method(partial(make_lj, 2.0)).identity
    assert get_method(partial(make_lj, 1.0)).identity == get_method(partial(make_lj, 1.0)).identity
    first, second = (get_method(lambda epsilon=epsilon: make_lj(epsilon)) for epsilon in (1.0, 2.0))
    assert first.identity != second.identity
    assert get_method(make_lj, epsilon=1.0).identity != get_method(make_lj).identity


def test_functions_without_a_file():
    """As in a notebook."""
    namespace = {}
    exec("def one(): return LennardJones()\ndef two(): return EMT()", namespace)
    assert get_method(namespace["one"]).identity != get_method(namespace["two"]).identity
    assert get_method(namespace["one"]).identity == get_method(namespace["one"]).identity


def test_opls_method():
    method = get_method("opls", cutoff=8.0)
    assert isinstance(method.make(), OplsCalculator)
    assert method.make().parameters == {"cutoff": 8.0, "switch_width": 1.0}
    assert method.identity == get_method("opls", cutoff=8.0, switch_width=1.0).identity
    assert method.identity != get_method("opls").identity
    assert pickle.loads(pickle.dumps(method)).make().parameters["cutoff"] == 8.0


def test_method_is_given_back():
    method = get_method("opls")
    assert get_method(method) is method
