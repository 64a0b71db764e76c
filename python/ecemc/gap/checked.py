"""Base of all parameters: frozen, strict, and one readable line for what is wrong."""

from __future__ import annotations

__all__ = ["Checked"]

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ecemc.errors import InputError


class Checked(BaseModel):
    """Frozen, strict, and with our errors instead of pydantic's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InputError(_explained(error, type(self).model_fields)) from None


def _explained(error: ValidationError, fields: dict[str, Any]) -> str:
    """One line from the first complaint of pydantic: field, got, expected."""
    first, *others = error.errors(include_url=False)
    kind, message = first["type"], first["msg"]
    place = _place(first["loc"])
    more = f" (and {len(others)} more)" if others else ""
    if kind == "extra_forbidden":
        return f"{place}: unknown, expected some of: {', '.join(fields)}{more}"
    if kind == "missing":
        return f"{place}: missing{more}"
    if kind == "union_tag_not_found":
        return f"{place}.kind: missing, expected 'soap', 'soap_turbo' or 'distance_2b'{more}"
    if kind == "union_tag_invalid":
        got = first["ctx"]["tag"]
        return f"{place}.kind: got {got!r}, expected 'soap', 'soap_turbo' or 'distance_2b'{more}"
    if kind == "value_error":
        nested = message.removeprefix("Value error, ")
        joint = "" if not place else (": " if nested.startswith("got ") else ".")
        return f"{place}{joint}{nested}{more}"
    expected = re.sub(r"^Input should be (a |an )?(valid )?", "", message)
    return f"{place}: got {first['input']!r}, expected {expected}{more}"


def _place(loc: tuple[int | str, ...]) -> str:
    """Write pydantic's location as ``descriptors[1].l_max``; names of branches of unions are no part of it."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in _BRANCHES and not part.startswith(("literal[", "dict[")):
            text += f".{part}" if text else part
    return text


_BRANCHES = {"soap", "soap_turbo", "distance_2b"}
