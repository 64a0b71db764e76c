"""Numbers as people and as JSON read them."""

from __future__ import annotations

__all__ = ["number", "plain", "with_error"]

import math
from typing import Any

import numpy as np

_MINUS = "−"


def number(value: float, digits: int = 4) -> str:
    """Round to significant digits, without exponents for everyday sizes.

    Examples
    --------
    >>> number(1234.5678), number(0.00012345), number(-2.0), number(float("nan"))
    ('1235', '1.234e−4', '−2.000', 'n/a')
    """
    if not math.isfinite(value):
        return "n/a"
    if value == 0.0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 < exponent < 6:
        return f"{value:.{max(0, digits - 1 - exponent)}f}".replace("-", _MINUS)
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(power)}".replace("-", _MINUS)


def with_error(value: float, error: float) -> str:
    """Round an error to two digits and the value to the same place.

    Examples
    --------
    >>> with_error(0.985123, 0.00461), with_error(-150.25, 2.3456), with_error(1.0, 0.0), with_error(400.26, 12.6)
    ('0.9851 ± 0.0046', '−150.2 ± 2.3', '1.000', '400 ± 13')
    """
    if not math.isfinite(error) or error <= 1e-12 * abs(value):
        return number(value)
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}".replace("-", _MINUS)


def plain(value: Any) -> Any:
    """Turn arrays and tuples into lists and what is not finite into None: strict JSON.

    Examples
    --------
    >>> plain({"r": np.array([0.5, np.nan]), "pair": ("C", "O")})
    {'r': [0.5, None], 'pair': ['C', 'O']}
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
