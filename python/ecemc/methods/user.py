"""Methods that users bring: a Python file, a function, a calculator."""

from __future__ import annotations

__all__ = ["check_options", "described", "from_calculator", "from_file", "from_function", "from_module", "sha256"]

import copy
import hashlib
import importlib
import importlib.util
import inspect
import json
import pickle
import re
import sys
import uuid
from functools import cache, partial
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import InputError
from ecemc.methods.method import Method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType


def from_file(path: Path, options: dict[str, Any]) -> Method:
    """Use ``calculator()`` and, if there, ``converged(calculator)`` of a Python file."""
    path, digest = path.resolve(), sha256(path)
    module = _load(str(path), digest)
    function = _function(module, "calculator", str(path))
    check_options(path.name, function, (), options)
    return Method(
        name=f"{path.stem} {digest[:8]}",
        identity=described("file", {"sha256": digest, "options": options}, _versions("ase")),
        make=partial(_make_from_file, str(path), digest, options),
        converged=partial(_gate_of_file, str(path), digest) if hasattr(module, "converged") else None,
    )


def from_module(spec: str, options: dict[str, Any]) -> Method:
    """Use a function of an importable module, and ``converged(calculator)`` of that module if there."""
    name, _, attribute = spec.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise InputError(f"method {spec}: no module {error.name!r} that Python can import") from error
    method = from_function(_function(module, attribute, name), options)
    gate = getattr(module, "converged", None)
    return Method(spec, method.identity, method.make, gate if inspect.isfunction(gate) else None)


def from_function(function: Callable[..., Any], options: dict[str, Any]) -> Method:
    """Use a function, or a class, that makes an ASE calculator."""
    named = function
    while isinstance(named, partial):
        named = named.func
    name = f"{getattr(named, '__module__', '')}:{getattr(named, '__qualname__', type(named).__qualname__)}"
    check_options(name, function, (), options)
    package = name.partition(".")[0].partition(":")[0]
    return Method(
        name=name,
        identity=described(name, {**_captured(function), "options": options}, _versions(package)),
        make=partial(function, **options) if options else function,
    )


def from_calculator(calculator: Any, options: dict[str, Any]) -> Method:
    """Use a calculator as it is."""
    kind = type(calculator)
    if options:
        raise InputError(
            f"method: got options ({', '.join(options)}) for a {kind.__name__} that is made already; "
            "give the function or class that makes it"
        )
    name = f"{kind.__module__}:{kind.__qualname__}"
    return Method(
        name=kind.__name__,
        identity=described(name, {"state": _state_digest(calculator)}, _versions(kind.__module__.partition(".")[0])),
        make=partial(_as_it_is, calculator),
    )


def check_options(name: str, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Refuse options that a function does not take.

    Raises
    ------
    InputError
        Names what it takes.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled classes may have none
        return
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        known = ", ".join(list(signature.parameters)[len(arguments) :]) or "none"
        raise InputError(f"method {name}: {error}; its options are: {known}") from error


def described(name: str, options: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """Everything that results depend on as one line, in a fixed order.

    Examples
    --------
    >>> described("lj", {"rc": 5.0}, {"ase": "3.29.0"})
    'lj {"rc": 5.0} ase=3.29.0'
    """
    content = json.dumps(dict(options), sort_keys=True, default=_plain_text)
    return " ".join([name, content, *(f"{package}={number}" for package, number in sorted(versions.items()))])


def sha256(path: Path) -> str:
    """Hash of a file's content.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "empty"
    ...     _ = path.write_bytes(b"")
    ...     sha256(path)[:8]
    'e3b0c442'
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _plain_text(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))  # addresses change from run to run


def _versions(package: str) -> dict[str, str]:
    """Version of the distribution that brings a package, if it comes from one."""
    return {distribution: version(distribution) for distribution in _distributions().get(package, [])[:1]}


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Look through all that is installed, once: it takes a while."""
    return packages_distributions()


def _source_digest(thing: Any) -> str:
    """Hash of the file that defines a function or class; of its code where there is no file, as in a notebook."""
    try:
        source = inspect.getsourcefile(thing)
    except TypeError:
        source = None
    if source is not None and Path(source).is_file():
        return sha256(Path(source))
    code = getattr(thing, "__code__", None)
    content = (
        code.co_code + repr((code.co_names, code.co_consts)).encode() if code is not None else repr(thing).encode()
    )
    return hashlib.sha256(content).hexdigest()


def _captured(function: Any) -> dict[str, Any]:
    """Collect what determines a function: its source, values of a closure, arguments of a partial function."""
    if isinstance(function, partial):
        return {"args": function.args, "keywords": function.keywords, "of": _captured(function.func)}
    closure = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    defaults = getattr(function, "__defaults__", None)
    return {"source": _source_digest(function), "closure": closure, "defaults": defaults}


def _state_digest(calculator: Any) -> str:
    """Hash of everything in a calculator, weights of a model too; one of its own if it cannot be told."""
    try:
        bare = copy.copy(calculator)
        bare.results, bare.atoms = {}, None  # not what was computed last
        return hashlib.sha256(pickle.dumps(bare)).hexdigest()
    except Exception:  # noqa: BLE001 (whatever its parts raise)
        return uuid.uuid4().hex


def _function(module: ModuleType, name: str, where: str) -> Callable[..., Any]:
    function: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(function):
        raise InputError(
            f"method {where}: no function {name}(); it has to make and return an ASE calculator, "
            f"as in: def {name}(): return EMT()"
        )
    return function


@cache
def _load(path: str, digest: str) -> ModuleType:
    """Run a user's file, once for each content."""
    if sha256(Path(path)) != digest:
        raise InputError(f"method {path}: the file has changed since this run began; start again")
    name = f"ecemc_method_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # noqa: S101 (the name ends in .py)
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as dataclasses and pickle need it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(f"method {path}: {type(error).__name__}: {error}") from error
    return module


def _make_from_file(path: str, digest: str, options: dict[str, Any]) -> Any:
    return _load(path, digest).calculator(**options)


def _gate_of_file(path: str, digest: str, calculator: Any) -> str | None:
    reason: str | None = _load(path, digest).converged(calculator)
    return reason


def _as_it_is(calculator: Any) -> Any:
    return calculator
