"""Plans: what runs and over which values, from a TOML file or a table."""

from __future__ import annotations

__all__ = ["Plan", "make_plan", "read_plan"]

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from ecemc.errors import FileFormatError, InputError
from ecemc.jobs import Settings, check_settings, read_toml
from ecemc.md import MDOptions, Monitors
from ecemc.sampling import SampleOptions
from ecemc.units import femtoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

Kind = Literal["md", "sample"]

#: Names of settings that are times, if they are numbers that need not be whole.
_TIME = re.compile("time|tau|equilibration|interval")


@dataclass(frozen=True)
class Plan:
    """What runs, and over which values; made by :func:`read_plan` or :func:`make_plan`.

    Attributes
    ----------
    kind
        ``"md"``: molecular dynamics with a model, see :func:`ecemc.md.run_md`. ``"sample"``: reference liquids with
        OPLS-AA, see :func:`ecemc.sampling.sample`.
    settings
        What all runs share; times in fs.
    grid
        Values of what they differ in; all combinations run.
    folder
        Where the files that it names are looked for.
    """

    kind: Kind
    settings: Mapping[str, Any]
    grid: Mapping[str, tuple[Any, ...]]
    folder: Path


def read_plan(path: str | PathLike[str]) -> Plan:
    r"""Read a plan from a TOML file; files that it names are relative to its folder.

    Raises
    ------
    FileFormatError
        If it is no TOML, or a key is unknown or has a bad value; names the file and the key.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> _ = Path("plan.toml").write_text('[md]\nmodel = "opls"\ntime = "20ps"\n[grid]\ntemperature = [300, 400]\n')
    >>> plan = read_plan("plan.toml")
    >>> plan.settings["time"], plan.grid["temperature"]
    (20000.0, (300.0, 400.0))
    """
    path = Path(path)
    try:
        return make_plan(read_toml(path), path.parent)
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(f"{path}: {error}") from None


def make_plan(table: Mapping[str, Any], folder: str | PathLike[str] = ".") -> Plan:
    """Make a plan of a table as a TOML file holds it.

    Parameters
    ----------
    table
        Either ``md`` or ``sample``, a table of settings, and ``grid``, a table of lists.
    folder
        Where the files that it names are looked for.

    Raises
    ------
    InputError
        If a key is unknown or has a bad value; names it.

    Examples
    --------
    >>> make_plan({"sample": {"composition": "4EC:8EMC"}, "grid": {"seed": [1, 2]}}).grid["seed"]
    (1, 2)
    """
    kinds = [kind for kind in _PLANS if kind in table]
    if len(kinds) != 1:
        raise InputError(
            f"expected exactly one table that says what runs, {' or '.join(f'[{kind}]' for kind in _PLANS)}"
        )
    kind: Any = kinds[0]
    checked = check_settings(table, _PLANS[kind]).model_dump(exclude_unset=True)
    settings, grid = checked[kind], checked.get("grid", {})
    for name in grid:
        if name in settings:
            raise InputError(f"grid.{name}: stands in [{kind}] too; give it once")
    return Plan(kind, settings, {name: tuple(values) for name, values in grid.items()}, Path(folder))


def _time(value: Any) -> Any:
    """Read a time such as ``20ps``; numbers are fs already."""
    return femtoseconds(value) if isinstance(value, str) else value


def _limit(value: Any) -> Any:
    """TOML has no word for "none" and lists for pairs."""
    if value is False:
        return None
    return tuple(value) if isinstance(value, list) else value


def _different(values: list[Any]) -> list[Any]:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise ValueError(f"got {value!r} twice; every run is made once")
    return values


def _hints(kind: Any, *without: str) -> dict[str, Any]:
    """Types of the fields of an options dataclass; times may be texts."""
    hints = get_type_hints(kind)
    found = {field.name: hints[field.name] for field in fields(kind) if field.name not in without}
    return {
        name: Annotated[hint, BeforeValidator(_time)] if hint is float and _TIME.search(name) else hint
        for name, hint in found.items()
    }


def _table(name: str, hints: Mapping[str, Any], **more: Any) -> type[Settings]:
    """Make a table, all keys of which may be left out: defaults are those of the dataclass."""
    keys: dict[str, Any] = {key: (hint, None) for key, hint in hints.items()}
    return create_model(name, __base__=Settings, **keys, **more)


def _grid(name: str, hints: Mapping[str, Any]) -> type[Settings]:
    """Make a table of lists."""
    return _table(
        name,
        {key: Annotated[list[hint], Field(min_length=1), AfterValidator(_different)] for key, hint in hints.items()},  # type: ignore[valid-type]
    )


def _plan(kind: Kind, hints: Mapping[str, Any], **more: Any) -> type[Settings]:
    tables: dict[str, Any] = {kind: (_table(kind, hints, **more), ...), "grid": (_grid("grid", hints), None)}
    return create_model(f"{kind} plan", __base__=Settings, **tables)


_MONITORS = _table(
    "monitors", {name: Annotated[hint, BeforeValidator(_limit)] for name, hint in _hints(Monitors).items()}
)
_PLANS = {
    "md": _plan(
        "md",
        {"model": str, "start": str, "composition": str, "density": float, **_hints(MDOptions)},
        set=(dict[str, bool | int | float | str], None),
        monitors=(_MONITORS, None),
    ),
    "sample": _plan(
        "sample",
        {"composition": str, "density": float, "cutoff": float, **_hints(SampleOptions, "n_threads", "config_type")},
    ),
}
