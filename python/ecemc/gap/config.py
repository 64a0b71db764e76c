"""Parameters in a TOML file."""

from __future__ import annotations

__all__ = ["read_params", "write_params"]

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.errors import FileFormatError, InputError
from ecemc.files import write_atomically
from ecemc.gap.params import FitParams

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from os import PathLike


def read_params(path: str | PathLike[str]) -> FitParams:
    """Read parameters from a TOML file.

    Raises
    ------
    FileFormatError
        If the file is no TOML, or a field is unknown, missing or out of range.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from ecemc.gap import preset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "fit.toml"
    ...     write_params(path, preset("DS:quick"))
    ...     read_params(path) == preset("DS:quick")
    True
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return FitParams(**table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: no TOML: {error}") from None
    except InputError as error:
        raise FileFormatError(f"{path}: {error}") from None


def write_params(path: str | PathLike[str], params: FitParams) -> None:
    """Write parameters to a TOML file that :func:`read_params` reads back.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    See :func:`read_params`.
    """
    write_atomically(Path(path), _toml(params).encode())


def _toml(params: FitParams) -> str:
    """Text of a configuration file: scalars first, then tables."""
    scalars, tables = [], []
    for name, value in params.model_dump(exclude={"descriptors"}).items():
        if name == "config_type_sigmas":
            tables += [_table(f"[{name}.{_key(key)}]", entry) for key, entry in value.items()]
        elif isinstance(value, dict):
            tables.append(_table(f"[{name}]", value))
        else:
            scalars.append(f"{name} = {_literal(value)}")
    terms = [_table("[[descriptors]]", term.model_dump()) for term in params.descriptors]
    return (
        "\n\n".join(["# units: Å, eV; see the explanation of GAP fitting\n" + "\n".join(scalars), *tables, *terms])
        + "\n"
    )


def _table(heading: str, fields: dict[str, Any]) -> str:
    return "\n".join([heading, *(f"{name} = {_literal(value)}" for name, value in fields.items())])


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _key(name: str) -> str:
    return f'"{name}"'
