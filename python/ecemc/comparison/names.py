"""What quantities are called in tables and sentences."""

from __future__ import annotations

__all__ = ["curve_title", "title", "unit_text"]

_TITLES = {
    "density": "Density",
    "volume": "Volume",
    "energy": "Energy",
    "temperature": "Temperature",
    "pressure": "Pressure",
    "largest_void": "Largest empty sphere",
    "void_ratio": "Largest empty sphere in molecular spacings",
    "diffusion": "Self-diffusion",
}
_PARTS = {"inter": "{} between molecules", "intra": "{} within molecules", "centers": "{} centres of mass"}


def title(name: str) -> str:
    """Name of a quantity that has one value per result.

    Examples
    --------
    >>> title("largest_void"), title("diffusion EC"), title("temperature_rotational EMC")
    ('Largest empty sphere', 'Self-diffusion of EC', 'Rotational temperature of EMC')
    """
    quantity, _, species = name.partition(" ")
    kind, _, part = quantity.partition("_")
    text = _TITLES.get(quantity) or (f"{part} {kind}" if kind == "temperature" else quantity.replace("_", " "))
    text = text[0].upper() + text[1:]
    return f"{text} of {species}" if species else text


def curve_title(part: str, pair: tuple[str, str]) -> str:
    """Name of a radial distribution function.

    Examples
    --------
    >>> curve_title("inter", ("C", "O"))
    'g(r) of C–O between molecules'
    """
    return "g(r) of " + _PARTS[part].format("–".join(pair))


def unit_text(unit: str) -> str:
    """Write a unit behind a number, with the blank before it.

    Examples
    --------
    >>> unit_text("g/cm³"), unit_text("1"), unit_text("1e-5 cm²/s")
    (' g/cm³', '', ' 10⁻⁵ cm²/s')
    """
    return "" if unit == "1" else f" {unit.replace('1e-5', '10⁻⁵')}"
