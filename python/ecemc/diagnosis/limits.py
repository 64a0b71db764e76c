"""From which number on something is wrong with a model, and where that number comes from."""

from __future__ import annotations

__all__ = ["LIMITS", "LIMIT_SPREAD", "RUN_LENGTH", "Limit"]

from dataclasses import dataclass

#: Limits say the order of magnitude from which on a liquid suffers, not more: standard deviation of their logarithm,
#: a factor of 1.5 in either direction.
LIMIT_SPREAD = 0.4
#: ps, of the runs in which the paper looked for instabilities (sections 2.2 and figure 2); shorter runs may miss them.
RUN_LENGTH = 100.0


@dataclass(frozen=True)
class Limit:
    """Up to ``fine`` all is well, from ``bad`` on this alone explains a bad liquid, in between it is weak."""

    fine: float
    bad: float
    unit: str
    #: what it rests on
    source: str


#: By quantity.
LIMITS: dict[str, Limit] = {
    "energy": Limit(
        1.0, 4.0, "meV/atom",
        "Paper, section 2.9: intermolecular energies have to be right to the order of 1 meV/atom; errors of 4 to 9 "
        "meV/atom went with unphysical density fluctuations.",
    ),
    "barrier": Limit(
        1.0, 4.0, "meV/atom",
        "Paper, section 2.9: a density 40% lower costs 10 meV/atom; a model that missed 5 of them fluctuated.",
    ),
    "virial": Limit(
        1.0, 4.0, "meV/atom",
        "Own estimate: 1 meV per atom is 150 bar in EC:EMC (10.6 Å³ per atom), which shifts the density by 1% at a "
        "compressibility of 8e-5 per bar. The scatter averages out in a run, a bias does not.",
    ),
    "inter_forces": Limit(
        1.0, 2.0, "1",
        "Paper, section 2.6: a relative error of 1.26 belonged to a model that was not good enough yet (Gen11/DS); "
        "from 1 on a model is no better than no force.",
    ),
    "intra_forces": Limit(
        0.2, 0.5, "1", "Paper, section 2.6: 0.09 was good; twice that is what we let pass."
    ),
    "wall": Limit(
        1.0, 3.0, "1",
        "Own estimate: an error of 1 meV/atom, or of a tenth of the energy above the minimum where that is more "
        "(paper, section 2.7: a wall that is too soft lets molecules come too close).",
    ),
    "minimum": Limit(
        0.02, 0.05, "1",
        "Own estimate, of the density at the minimum: functionals differ by 8 to 10% in density, a model should add "
        "less than a quarter of that.",
    ),
    "tail": Limit(
        1.0, 4.0, "meV/atom", "Paper, sections 2.7 and 2.9: as the energy; scans go to zero with isolated molecules."
    ),
    "roughness": Limit(
        3.0, 10.0, "1",
        "Own estimate, over the roughness of the reference (figure 9D of the paper: Turbo SOAP is smoother, and its "
        "runs converged).",
    ),
    "composition": Limit(
        3.0, 10.0, "1",
        "Own estimate, worst composition over the best; in the paper (section 2.8) a model trained on one composition "
        "was wrong by hundreds of meV/atom at another.",
    ),
    "drop": Limit(
        0.2, 0.35, "1",
        "Own estimate, of the density from its earlier highest running mean: 12 molecules fluctuate by 6% at 500 K; "
        "the paper calls a drop of 40% unphysical (section 2.9).",
    ),
    "density": Limit(0.02, 0.05, "1", "Own estimate, as that of the minimum."),
    "fluctuations": Limit(
        1.7, 3.0, "1",
        "Own estimate, standard deviation of the density over that of the reference in a box of the same size.",
    ),
    "temperature": Limit(
        0.02, 0.05, "1", "Own estimate, mean temperature off its target; as in ecemc analyze."
    ),
}  # fmt: skip
