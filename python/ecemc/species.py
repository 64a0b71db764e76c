"""Names of species: a table of solvents, ions and gases by bond graph."""

from __future__ import annotations

__all__ = ["KNOWN_SPECIES", "parse_smiles", "register", "species_name"]

import re
from functools import cache
from typing import NamedTuple

from ase.data import atomic_numbers

from ecemc import _core
from ecemc.errors import InputError

#: Name and structure (SMILES) of the species that are recognised; :func:`ecemc.register_species` adds to them.
#: Single atoms and pairs of atoms need no entry, their formula says it all.
KNOWN_SPECIES: dict[str, str] = {
    # carbonates
    "EC": "C1COC(=O)O1",
    "PC": "CC1COC(=O)O1",
    "BC": "CCC1COC(=O)O1",
    "VC": "C1=COC(=O)O1",
    "VEC": "C=CC1COC(=O)O1",
    "FEC": "FC1COC(=O)O1",
    "DFEC": "FC1OC(=O)OC1F",
    "DMC": "COC(=O)OC",
    "EMC": "CCOC(=O)OC",
    "DEC": "CCOC(=O)OCC",
    # esters and lactones
    "MF": "COC=O",
    "MA": "COC(C)=O",
    "EA": "CCOC(C)=O",
    "MP": "CCC(=O)OC",
    "EP": "CCOC(=O)CC",
    "GBL": "C1CC(=O)OC1",
    # ethers
    "DEE": "CCOCC",
    "DME": "COCCOC",
    "G2": "COCCOCCOC",
    "G3": "COCCOCCOCCOC",
    "G4": "COCCOCCOCCOCCOC",
    "DOL": "C1COCO1",
    "THF": "C1CCOC1",
    # nitriles, sulphur and phosphorus compounds, amides
    "AN": "CC#N",
    "SN": "N#CCCC#N",
    "DMSO": "CS(C)=O",
    "SL": "C1CCS(=O)(=O)C1",
    "PS": "C1COS(=O)(=O)C1",
    "ES": "C1COS(=O)O1",
    "DTD": "C1COS(=O)(=O)O1",
    "TMP": "COP(=O)(OC)OC",
    "DMF": "CN(C)C=O",
    "NMP": "CN1CCCC1=O",
    # protic
    "H2O": "O",
    "MeOH": "CO",
    "EtOH": "CCO",
    "EG": "OCCO",
    # ions
    "PF6": "F[P-](F)(F)(F)(F)F",
    "BF4": "F[B-](F)(F)F",
    "ClO4": "[O-][Cl](=O)(=O)=O",
    "NO3": "[O-][N+](=O)[O-]",
    "FSI": "FS(=O)(=O)[N-]S(=O)(=O)F",
    "TFSI": "FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F",
    "OTf": "FC(F)(F)S(=O)(=O)[O-]",
    "BOB": "O=C1C(=O)O[B-]2(O1)OC(=O)C(=O)O2",
    "DFOB": "F[B-]1(F)OC(=O)C(=O)O1",
    "EMIM": "CC[N+]1=CN(C)C=C1",
    "BMIM": "CCCC[N+]1=CN(C)C=C1",
    "PYR14": "CCCC[N+]1(C)CCCC1",
    # gases and small products
    "CO2": "O=C=O",
    "NH3": "N",
    "CH4": "C",
    "C2H2": "C#C",
    "C2H4": "C=C",
    "C2H6": "CC",
    "C3H6": "CC=C",
    "C3H8": "CCC",
    "C6H6": "C1=CC=CC=C1",
    "PF5": "FP(F)(F)(F)F",
    "POF3": "O=P(F)(F)F",
}

#: Digits of the fingerprint behind the formula of a species without a name.
_DIGITS = 6

_added: dict[str, str] = {}


class MolecularGraph(NamedTuple):
    """Elements and bonds of one molecule."""

    #: atomic numbers
    numbers: list[int]
    #: pairs of positions in ``numbers``
    bonds: list[tuple[int, int]]


def species_name(fingerprint: str, formula: str, n_atoms: int, infinite: bool) -> str:
    """Name of a species: the known one, else its formula, with a part of the fingerprint where isomers are possible.

    The name depends on the bond graph alone, not on what else is in the frame. An infinite network, such as a polymer
    that is bonded to its own periodic image, is ``"(formula)n-..."``.

    Examples
    --------
    >>> species_name("c4e9d3222815ca3206835f283ac25113", "C3H4O3", 10, infinite=False)
    'EC'
    >>> species_name("0123456789abcdef0123456789abcdef", "C3H4O3", 10, infinite=False)
    'C3H4O3-012345'
    >>> species_name("0123456789abcdef0123456789abcdef", "LiF", 2, infinite=False)
    'LiF'
    """
    known = _added.get(fingerprint) or _known_fingerprints().get(fingerprint)
    if known is not None:
        return known
    if infinite:
        return f"({formula})n-{fingerprint[:_DIGITS]}"
    # One or two atoms can be joined in one way only.
    return formula if n_atoms <= 2 else f"{formula}-{fingerprint[:_DIGITS]}"


def register(name: str, fingerprint: str) -> None:
    """Give a bond graph a name, for this process.

    Raises
    ------
    InputError
        If the name is taken by another graph, the graph has another name, or the name is no identifier.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+_-]*", name):
        message = f"name: got {name!r}, expected a letter, then letters, digits, +, - or _"
        raise InputError(message)
    names = {**_known_fingerprints(), **_added}
    if names.get(fingerprint, name) != name:
        message = f"name: this molecule is already known as {names[fingerprint]!r}, cannot call it {name!r}"
        raise InputError(message)
    if any(known == name and other != fingerprint for other, known in names.items()):
        message = f"name: {name!r} is already the name of another molecule; choose a different one"
        raise InputError(message)
    _added[fingerprint] = name


@cache
def _known_fingerprints() -> dict[str, str]:
    """Names by fingerprint."""
    return {_core.graph_fingerprint(*parse_smiles(smiles)): name for name, smiles in KNOWN_SPECIES.items()}


# -- a reader for the part of SMILES that the table needs ------------------------------------------------------------

_TOKEN = re.compile(
    r"\[(?P<element>[A-Z][a-z]?)(?P<hydrogens>H\d*)?(?:[+-]+\d*)?\]"
    r"|(?P<organic>Cl|Br|[BCNOPSFI])|(?P<bond>[-=#])|(?P<branch>[()])|(?P<ring>\d)"
)
_ORDER = {"-": 1, "=": 2, "#": 3}
_VALENCES = {"B": (3,), "C": (4,), "N": (3, 5), "O": (2,), "P": (3, 5), "S": (2, 4, 6)}


def parse_smiles(smiles: str) -> MolecularGraph:
    """Elements and bonds, hydrogens included, of a SMILES string.

    Understood are the organic elements, atoms in brackets with hydrogens and charge, branches, rings and the bonds
    ``- = #``. Aromatic (lower-case) atoms must be written in Kekulé form; orders and charges only count hydrogens.

    Raises
    ------
    InputError
        If a part cannot be read, or the string is not one molecule.

    Examples
    --------
    >>> parse_smiles("CO").numbers
    [6, 8, 1, 1, 1, 1]
    """
    reader = _SmilesReader(smiles)
    position = 0
    while position < len(smiles):
        token = _TOKEN.match(smiles, position)
        if token is None:
            raise reader.error(f"cannot read {smiles[position:]!r}; no aromatic, chiral or disconnected parts")
        reader.read(token)
        position = token.end()
    return reader.finish()


class _SmilesReader:
    """State while reading: atoms so far, the atom to bond to, open branches and rings."""

    def __init__(self, smiles: str) -> None:
        self.smiles = smiles
        self.elements: list[str] = []
        self.fixed_hydrogens: list[int | None] = []
        self.valence: list[int] = []
        self.bonds: list[tuple[int, int]] = []
        self.last: int | None = None
        self.order = 1
        self.branches: list[int | None] = []
        self.rings: dict[str, tuple[int, int]] = {}

    def error(self, why: str) -> InputError:
        return InputError(f"SMILES {self.smiles!r}: {why}")

    def read(self, token: re.Match[str]) -> None:
        if token["bond"]:
            self.order = _ORDER[token["bond"]]
        elif token["branch"] == "(":
            self.branches.append(self.last)
        elif token["branch"]:
            if not self.branches:
                raise self.error("a branch is closed that was not opened")
            self.last = self.branches.pop()
        elif token["ring"]:
            self._ring(token["ring"])
        else:
            self._atom(token)

    def _atom(self, token: re.Match[str]) -> None:
        element = token["organic"] or token["element"]
        if element not in atomic_numbers:
            raise self.error(f"unknown element {element!r}")
        bracket = token["element"] is not None
        count = token["hydrogens"] or ""
        self.elements.append(element)
        self.fixed_hydrogens.append((int(count[1:] or 1) if count else 0) if bracket else None)
        self.valence.append(0)
        atom = len(self.elements) - 1
        if self.last is not None:
            self._bond(self.last, atom, self.order)
        self.last, self.order = atom, 1

    def _ring(self, digit: str) -> None:
        if self.last is None:
            raise self.error(f"ring {digit} starts at no atom")
        if digit in self.rings:
            atom, order = self.rings.pop(digit)
            self._bond(atom, self.last, max(order, self.order))
        else:
            self.rings[digit] = (self.last, self.order)
        self.order = 1

    def _bond(self, a: int, b: int, order: int) -> None:
        self.bonds.append((a, b))
        self.valence[a] += order
        self.valence[b] += order

    def finish(self) -> MolecularGraph:
        if self.rings or self.branches or not self.elements:
            raise self.error("a ring or branch is left open" if self.elements else "no atoms")
        numbers = [atomic_numbers[element] for element in self.elements]
        bonds = list(self.bonds)
        for atom, element in enumerate(self.elements):
            for _ in range(self._hydrogens(atom, element)):
                bonds.append((atom, len(numbers)))
                numbers.append(1)
        return MolecularGraph(numbers, bonds)

    def _hydrogens(self, atom: int, element: str) -> int:
        fixed, used = self.fixed_hydrogens[atom], self.valence[atom]
        if fixed is not None:
            return fixed
        allowed = [valence for valence in _VALENCES.get(element, (1,)) if valence >= used]
        if not allowed:
            raise self.error(f"{element} number {atom + 1} has {used} bonds; put unusual valences in brackets")
        return allowed[0] - used
