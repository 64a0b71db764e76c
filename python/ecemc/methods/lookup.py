"""From what a user names or gives to a :class:`~ecemc.methods.Method`."""

from __future__ import annotations

__all__ = ["get_method"]

import hashlib
import re
import sys
from copy import copy
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.methods import opls, pyscf, user, xtb
from ecemc.methods.method import Method

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMED: dict[str, Callable[..., Method]] = {
    "opls": opls.method,
    "gfn1-xtb": partial(xtb.method, "GFN1-xTB"),
    "gfn2-xtb": partial(xtb.method, "GFN2-xTB"),
    "pyscf": pyscf.method,
}
_MODULE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_KNOWN = (
    f"expected {', '.join(_NAMED)}, FUNCTIONAL/BASIS such as pbe-d3bj/def2-svp, a GAP model (model.xml), a Python file "
    "with a function calculator() (reference.py), package.module:function, an ASE calculator, or a function that makes "
    "one"
)


def get_method(spec: Any, /, **options: Any) -> Method:
    """Look a method up, or wrap a calculator.

    Parameters
    ----------
    spec
        - ``"opls"``: OPLS-AA of EC and EMC, see :class:`ecemc.methods.OplsCalculator`; options ``cutoff`` and
          ``switch_width``, Å.
        - ``"gfn1-xtb"``, ``"gfn2-xtb"``: tight binding by tblite; options ``accuracy`` (1.0; smaller is tighter) and
          ``max_iterations`` (250).
        - ``"pyscf"``: density functional theory in vacuum, see :class:`ecemc.methods.PyscfCalculator`; options
          ``functional`` (``"pbe"``), ``basis`` (``"def2-svp"``), ``dispersion`` (``"d3bj"``, ``"d3zero"``, None) and
          others of :class:`ecemc.methods.PyscfOptions`.
        - ``"pbe-d3bj/def2-svp"``: the same, functional, dispersion and basis in one name.
        - ``"model.xml"``: a GAP model, see :class:`ecemc.GAP`.
        - ``"reference.py"``: a Python file with a function ``calculator()`` that makes an ASE calculator and, if
          wanted, a function ``converged(calculator)`` that gives None or the reason why the result must not be used.
        - ``"package.module:function"``: a function that makes an ASE calculator; ``converged`` of that module, if there
          is one, is the gate.
        - a function that makes an ASE calculator, an ASE calculator, or a ``Method``.
    **options
        Options of a named method or model, else arguments of the function that makes the calculator.

    Returns
    -------
    Method
        Can be sent to other processes, unless ``spec`` is a calculator or function that cannot.

    Raises
    ------
    InputError
        If nothing is known by that name, the file or function is not there, or an option is unknown or bad.
    MissingExtraError
        If the method needs an extra that is not installed.

    Notes
    -----
    The identity of users' own calculators holds options, the content of the file with the function, and the version of
    its package; not what that file imports or the program that it starts. Name what else matters as an option. That of
    a calculator holds its state, so give the function that makes it if finished results are to be found again later.

    Examples
    --------
    >>> get_method("opls", cutoff=8.0).name
    'OPLS-AA/LigParGen'
    >>> from ase.calculators.lj import LennardJones
    >>> get_method(LennardJones, epsilon=0.01).make().parameters.epsilon
    0.01
    """
    if isinstance(spec, Method):
        if options:
            raise InputError(f"method {spec.name}: has its options already, got {', '.join(options)}")
        return spec
    if isinstance(spec, (str, Path)):
        return _from_text(str(spec), options)
    if _is_gap(spec) and not options:
        return _gap(spec.path, {"engine": spec.engine})
    if hasattr(spec, "get_potential_energy") and not isinstance(spec, type):
        return user.from_calculator(spec, options)
    if callable(spec):
        return user.from_function(spec, options)
    raise InputError(f"method: got {type(spec).__name__}, {_KNOWN}")


def _from_text(spec: str, options: dict[str, Any]) -> Method:
    if spec in _NAMED:
        return _NAMED[spec](**options)
    if spec.endswith((".py", ".xml")):
        path = Path(spec)
        if not path.is_file():
            raise InputError(f"method {spec}: no such file")
        return user.from_file(path, options) if spec.endswith(".py") else _gap(path, options)
    if _MODULE.fullmatch(spec):
        return user.from_module(spec, options)
    if pyscf.SPECIFICATION.fullmatch(spec):
        return pyscf.method_from_text(spec, options)
    raise InputError(f"method: got {spec!r}, {_KNOWN}")


def _is_gap(spec: Any) -> bool:
    module = sys.modules.get("ecemc.gap.model")
    return module is not None and isinstance(spec, module.GAP)


def _gap(path: Path, options: dict[str, Any]) -> Method:
    """Load a model now, to see that it is whole and what evaluates it; the content of its files is its identity."""
    from ecemc.gap import GAP  # noqa: PLC0415 (takes time to import)

    user.check_options(path.name, GAP, (path,), options)
    model = GAP(path, **options)
    digests = [user.sha256(part) for part in (model.file.path, *model.file.sparse_files)]
    content = hashlib.sha256("".join(digests).encode()).hexdigest()
    evaluated_by = "ecemc" if model.engine == "native" else "quippy-ase"
    return Method(
        name=f"GAP {path.name} {content[:8]}",
        identity=user.described(
            "gap", {"sha256": content, "engine": model.engine}, {evaluated_by: version(evaluated_by)}
        ),
        make=partial(copy, model),
        batches=model.engine == "native",
    )
