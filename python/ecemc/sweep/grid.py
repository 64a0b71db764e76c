"""From a plan to its runs: all combinations, checked before the first one starts."""

from __future__ import annotations

__all__ = [
    "Run",
    "expand",
    "fingerprint",
    "liquid_of",
    "md_options_of",
    "method_of",
    "sample_options_of",
    "start_of",
]

import hashlib
import json
import re
from dataclasses import dataclass, fields
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.errors import InputError
from ecemc.md import MDOptions, Monitors
from ecemc.md.options import PACKED_STEPS
from ecemc.methods import get_method
from ecemc.sampling import (
    OplsOptions,
    SampleOptions,
    format_composition,
    guess_density,
    opls_liquid,
    pack_box,
    parse_composition,
)
from ecemc.sampling.boxes import box_length
from ecemc.trajectory import iread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ase import Atoms

    from ecemc.methods import Method
    from ecemc.sampling import Liquid
    from ecemc.sweep.plan import Kind, Plan

#: How values stand in names of runs, in the order in which they stand there; others follow, the seed is last.
_SHORT = {"temperature": "T", "pressure": "p", "composition": "", "density": "d", "start": "", "model": "", "seed": "s"}


@dataclass(frozen=True)
class Run:
    """One run of a plan.

    Attributes
    ----------
    name
        Of what it differs in from the others, such as ``T300_4EC-8EMC_s1``.
    kind
        ``"md"`` or ``"sample"``.
    settings
        All of them.
    varied
        Those that come from the grid.
    key
        Hash of the settings and of the contents of model and start: what its result depends on.
    place
        As `key`, without the length of a run that can be made longer.
    """

    name: str
    kind: Kind
    settings: dict[str, Any]
    varied: dict[str, Any]
    key: str
    place: str


def expand(plan: Plan) -> tuple[Run, ...]:
    """Make the runs of a plan, each checked as far as it can be without running.

    Raises
    ------
    InputError
        If settings do not go together, or a model or start cannot be used; names the run.

    Examples
    --------
    >>> from ecemc.sweep import make_plan
    >>> plan = make_plan(
    ...     {"sample": {"temperature": 300.0}, "grid": {"composition": ["4EC:8EMC", "8EC:4EMC"], "seed": [1, 2]}}
    ... )
    >>> [run.name for run in expand(plan)]
    ['4EC-8EMC_s1', '4EC-8EMC_s2', '8EC-4EMC_s1', '8EC-4EMC_s2']
    """
    order = [*_SHORT, *plan.grid]
    names = sorted(plan.grid, key=lambda name: (name == "seed", order.index(name)))
    labels = {name: _labels(name, plan.grid[name]) for name in names}
    runs, identity = [], cache(_identity)  # models are loaded once
    for values in product(*(plan.grid[name] for name in names)):
        varied = dict(zip(names, values, strict=True))
        name = "_".join(labels[key][value] for key, value in varied.items()) or "run"
        settings = _absolute({**plan.settings, **varied}, plan.folder)
        try:
            _check(plan.kind, settings)
            key, place = fingerprint(plan.kind, settings, identity)
        except InputError as error:
            raise type(error)(f"run {name}: {error}") from error
        runs.append(Run(name, plan.kind, settings, varied, key, place))
    return tuple(runs)


def fingerprint(
    kind: Kind, settings: Mapping[str, Any], identity: Callable[[str, str], str] | None = None
) -> tuple[str, str]:
    """Key and place of a run, from its settings and the contents of the files that they name.

    Parameters
    ----------
    kind, settings
        Of the run.
    identity
        Of a model and its options, as JSON.

    Raises
    ------
    InputError
        If a file is not there or cannot be used.
    """
    content: dict[str, Any] = {**settings, "kind": kind}
    if "model" in settings:
        content["model"] = (identity or _identity)(settings["model"], json.dumps(settings.get("set", {})))
    if "start" in settings:
        content["start"] = hashlib.sha256(Path(settings["start"]).read_bytes()).hexdigest()
    if "composition" in settings:
        content["composition"] = format_composition(parse_composition(settings["composition"]))
    extensible = kind == "md" and "temperature_end" not in settings
    return _hash(content), _hash({**content, "time": None} if extensible else content)


def md_options_of(settings: Mapping[str, Any]) -> tuple[MDOptions, Monitors]:
    """Options of a run; packed boxes are minimised unless the plan says otherwise."""
    packed = {"minimize": PACKED_STEPS} if "composition" in settings else {}
    return MDOptions(**(packed | _those_of(MDOptions, settings))), Monitors(**settings.get("monitors", {}))


def sample_options_of(settings: Mapping[str, Any]) -> SampleOptions:
    """Options of a run."""
    return SampleOptions(**_those_of(SampleOptions, settings))


def method_of(settings: Mapping[str, Any]) -> Method:
    """Look the model of a run up."""
    return get_method(settings["model"], **settings.get("set", {}))


def start_of(settings: Mapping[str, Any]) -> Atoms:
    """Give the start of a run: the last frame of a file, or a box packed anew."""
    if "start" in settings:
        (atoms,) = iread(settings["start"], -1)
        return atoms
    counts = parse_composition(settings["composition"])
    temperature = md_options_of(settings)[0].temperature
    density = settings.get("density", guess_density(counts, temperature))
    return pack_box(counts, density, seed=settings.get("seed", MDOptions.seed))


def liquid_of(settings: Mapping[str, Any]) -> Liquid:
    """Pack the liquid of a run."""
    return opls_liquid(
        settings["composition"],
        temperature=settings["temperature"],
        density=settings.get("density"),
        seed=settings.get("seed", SampleOptions.seed),
        options=OplsOptions(cutoff=settings["cutoff"]) if "cutoff" in settings else None,
    )


def _identity(model: str, options: str) -> str:
    return get_method(model, **json.loads(options)).identity


def _check(kind: Kind, settings: Mapping[str, Any]) -> None:
    """Refuse what cannot run."""
    for name in ("model",) if kind == "md" else ("composition", "temperature"):
        if name not in settings:
            raise InputError(f"{name}: missing; give it in [{kind}] or [grid]")
    if "composition" in settings:
        box_length(parse_composition(settings["composition"]), settings.get("density", 1.0))  # knows all molecules
    if kind == "sample":
        sample_options_of(settings)
    else:
        ensemble = md_options_of(settings)[0].ensemble
        if "pressure" in settings and ensemble != "npt":
            raise InputError(f"pressure: it has no meaning with ensemble {ensemble!r}; leave it out or take 'npt'")
        _check_start(settings, ensemble)


def _check_start(settings: Mapping[str, Any], ensemble: str) -> None:
    if ("start" in settings) == ("composition" in settings):
        raise InputError("start: give either a file to start from, or a composition to pack a box of")
    if "start" not in settings:
        if "density" not in settings and ensemble != "npt":
            raise InputError(f"density: missing; ensemble {ensemble!r} keeps that of the box (g/cm³)")
        return
    if "density" in settings:
        raise InputError("density: the start fixes it; leave it out")
    if not Path(settings["start"]).is_file():
        raise InputError(f"start {settings['start']}: no such file")


def _absolute(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Let names of files hold wherever a run is made."""
    found = dict(settings)
    for name in ("start", "model"):
        if name in found and (name == "start" or found[name].endswith((".xml", ".py"))):
            found[name] = str((folder / found[name]).resolve())
    return found


def _those_of(kind: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in settings.items() if name in names}


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _labels(name: str, values: tuple[Any, ...]) -> dict[Any, str]:
    """How values stand in names of runs: short, and different for different values."""
    short = [_label(name, value) for value in values]
    if len(set(short)) < len(short):
        short = [_label(name, value, whole=True) for value in values]
    return dict(zip(values, short, strict=True))


def _label(name: str, value: Any, *, whole: bool = False) -> str:
    if name in {"start", "model"} and not whole:
        text = Path(value).name.partition(".")[0] or value
    elif isinstance(value, float):
        text = repr(value).removesuffix(".0")
    else:
        text = str(value)
    return _SHORT.get(name, name) + re.sub(r"[^\w.+-]+", "-", text)
