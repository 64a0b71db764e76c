"""The verdict: what was measured, against which threshold, what it means and what to do."""

from __future__ import annotations

__all__ = [
    "Check",
    "Status",
    "Verdict",
    "check_density",
    "check_equipartition",
    "check_molecules",
    "check_system",
    "check_temperature",
    "check_times",
    "judge",
]

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ecemc.errors import InputError
from ecemc.text import number, with_error
from ecemc.trajectory import FrameTimes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ecemc.analysis.integrity import Integrity
    from ecemc.analysis.result import Series
    from ecemc.thermo import SeriesStatistics

Status = Literal["pass", "attention", "fail"]

_ORDER: tuple[Status, ...] = ("pass", "attention", "fail")

#: Drifts of a mean between the halves of a run that are certainly not noise, in standard errors.
DRIFT_SIGMAS = 3.0
#: Relative drift of the density from which on the system is no equilibrium liquid at all, whatever the noise.
DRIFT_RELATIVE = 0.05
#: Independent entries below which an error bar is itself a guess.
MIN_EFFECTIVE = 10.0
#: Relative deviation of the mean temperature from its target that matters.
TEMPERATURE_RELATIVE = 0.02
#: Relative difference of the temperatures of translation and rotation that matters.
EQUIPARTITION_RELATIVE = 0.05


@dataclass(frozen=True)
class Check:
    """One question to the run and its answer."""

    name: str
    status: Status
    #: what was measured, with error and unit
    measured: str
    #: what would have passed
    threshold: str
    #: what it means, in a sentence
    explanation: str
    #: what to do, empty if nothing
    advice: str = ""


@dataclass(frozen=True)
class Verdict:
    """All checks and the worst of their answers."""

    status: Status
    #: one sentence
    summary: str
    checks: tuple[Check, ...]


def judge(checks: Iterable[Check]) -> Verdict:
    """Sum checks up.

    Examples
    --------
    >>> judge([Check("density", "pass", "0.985 g/cm³", "steady", "The density is steady.")]).summary
    'All checks passed: density.'
    """
    checks = tuple(sorted(checks, key=lambda check: -_ORDER.index(check.status)))
    status: Status = max((check.status for check in checks), key=_ORDER.index, default="pass")
    if status == "pass":
        summary = f"All checks passed: {', '.join(check.name for check in checks)}."
    else:
        summary = " ".join(check.explanation for check in checks if check.status == status)
    return Verdict(status, summary, checks)


def check_system(integrity: Integrity) -> Check:
    """Ask whether it is one system in all frames."""
    n = len(integrity.compositions)
    measured = f"{n} system{'s' * (n > 1)} in {_frames(len(integrity.system))}"
    threshold = "the same atoms in the same order in all frames"
    if n == 1:
        return Check("one system", "pass", measured, threshold, "All frames show the same atoms.")
    return Check(
        "one system", "attention", measured, threshold,
        f"The file holds {n} different systems, so it is a collection, not one run: no error bars from time "
        "correlation, and all averages mix the systems.",
        "Select the frames of one system, as in --select '3:', if you want a run's statistics.",
    )  # fmt: skip


def _frames(n: int) -> str:
    return f"{n} frame{'s' * (n != 1)}"


def check_molecules(integrity: Integrity) -> Check:
    """Ask whether the molecules are those of the first frame, in every frame."""
    threshold = "the bonds of the first frame in every frame"
    frames = integrity.changed_frames
    if not frames:
        n = len(integrity.n_changed)
        if integrity.infinite:
            return Check(
                "molecules", "attention", f"no bond changed in {_frames(n)}, {', '.join(integrity.infinite)} endless",
                "molecules that end",
                "A bond network reaches its own periodic image, so it is no molecule and has no local composition.",
                "Right for a solid. In a liquid with ions or under pressure a smaller --bond-scale parts what only "
                "touches.",
            )  # fmt: skip
        return Check(
            "molecules",
            "pass",
            f"no bond changed in {_frames(n)}",
            threshold,
            "All molecules are intact in all frames.",
        )  # fmt: skip
    first = integrity.changes[0]
    what = ", ".join(
        [f"{name} lost" for name in first.disappeared]
        + [f"{name} formed" for name in first.appeared]
        + [f"bond {name} broken" for name in first.broken[:2]]
        + [f"bond {name} formed" for name in first.formed[:2]]
    )
    measured = f"bonds changed in {len(frames)} of {len(integrity.n_changed)} frames"
    text = f"frame {first.frame}: {what}"
    if integrity.longest_change == 1 and not integrity.n_changed[-1]:
        return Check(
            "molecules", "attention", measured, threshold,
            f"Bonds cross the bond criterion for single frames and come back at once (first in {text}).",
            "Look at these frames: a stiff bond should not stretch by 30%. At very high temperature a larger "
            "--bond-scale may be right.",
        )  # fmt: skip
    return Check(
        "molecules", "fail", measured, threshold,
        f"Molecules react (first in {text}).",
        "If no chemistry is expected, the model fails here: add such frames, labelled, to the training set.",
    )  # fmt: skip


def check_density(series: Series, time_series: bool, *, cut_given: bool = False) -> Check:
    """Ask whether the density is steady, and known; a detected cut must not hide that it went elsewhere before."""
    unit, s = series.unit, series.statistics
    threshold = f"drift below {DRIFT_SIGMAS:g} standard errors, at least {MIN_EFFECTIVE:g} independent samples"
    if s is None or not time_series:
        low, high = float(min(series.values)), float(max(series.values))
        return Check(
            "density", "attention", f"{number(low, 3)} to {number(high, 3)} {unit}", threshold,
            "The density cannot be judged: the frames are not a time series of one system.",
        )  # fmt: skip
    if s.n_used == 1:
        return Check(
            "density", "attention", f"{s.mean:.4f} {unit} in one frame", threshold,
            "One frame has no error bar and cannot show whether the density is steady.",
            "Analyse a trajectory.",
        )  # fmt: skip
    if s.std <= 1e-9 * s.mean:
        return Check(
            "density", "pass", f"{s.mean:.4f} {unit}", "constant", f"The density is fixed at {s.mean:.4f} {unit}."
        )
    measured = f"{with_error(s.mean, s.stderr)} {unit}"
    if math.isnan(s.drift_sigmas):
        return Check(
            "density", "attention", f"{measured}, {_frames(s.n_used)}", threshold,
            "These are too few frames to tell whether the density is steady.", "Run longer.",
        )  # fmt: skip
    measured += f", drift {s.drift:+.4f} ({s.drift_sigmas:+.1f}σ)".replace("-", "−")
    return _moving_density(series, s, measured, threshold, cut_given)


def _moving_density(series: Series, s: SeriesStatistics, measured: str, threshold: str, cut_given: bool) -> Check:
    """Judge a density that fluctuates: first whether it goes somewhere, then whether it is known."""
    unit = series.unit
    before = float(series.values[: s.equilibration].mean()) if s.equilibration else s.mean
    if s.equilibration:
        measured += f", first {_frames(s.equilibration)} left out"
    if abs(s.drift) > DRIFT_RELATIVE * s.mean and abs(s.drift_sigmas) > DRIFT_SIGMAS:
        way = "expands" if s.drift < 0.0 else "shrinks"
        return Check(
            "density", "fail", measured, threshold,
            f"The density is not steady: the box {way} by {abs(s.drift) / s.mean:.0%} between the halves of the run.",
            "A liquid that expands without end evaporates or forms a bubble: look at the largest empty sphere. "
            "If the run only starts far from equilibrium, leave the beginning out with --equilibration.",
        )  # fmt: skip
    if abs(s.drift_sigmas) > DRIFT_SIGMAS:
        return Check(
            "density", "attention", measured, threshold, "The density still drifts.",
            "Run longer, or leave more of the beginning out with --equilibration.",
        )  # fmt: skip
    if not cut_given and abs(s.mean - before) > DRIFT_RELATIVE * s.mean:
        return Check(
            "density", "attention", measured, threshold,
            f"The density went from {before:.3f} to {s.mean:.3f} {unit} and was steady only then.",
            "Right for a run that starts out of equilibrium; else the liquid has changed: compare with the start. "
            "--equilibration settles what is left out.",
        )  # fmt: skip
    if s.n_effective < MIN_EFFECTIVE:
        return Check(
            "density", "attention", f"{measured}, {s.n_effective:.1f} independent samples", threshold,
            f"No drift is seen about {s.mean:.3f} {unit}, but the run is too short for a reliable error bar.",
            f"Run at least {MIN_EFFECTIVE / s.n_effective:.1f} times as long.",
        )  # fmt: skip
    return Check(
        "density", "pass", measured, threshold, f"The density is steady at {with_error(s.mean, s.stderr)} {unit}."
    )


def check_temperature(temperature: Series | None, target: Series | None) -> Check | None:
    """Ask whether the thermostat holds its target; None if that is not known, or for one frame."""
    if temperature is None or target is None:
        return None
    wanted, s = float(target.values[0]), temperature.statistics
    if s is None or s.n_used < 2 or not (target.values == wanted).all() or not wanted > 0.0:
        return None
    off = s.mean - wanted
    measured = f"{with_error(s.mean, s.stderr)} K, target {wanted:g} K"
    threshold = f"within {DRIFT_SIGMAS:g} standard errors or {TEMPERATURE_RELATIVE:.0%}"
    if abs(off) > TEMPERATURE_RELATIVE * wanted and abs(off) > DRIFT_SIGMAS * s.stderr:
        return Check(
            "temperature", "attention", measured, threshold,
            f"The temperature is {off:+.1f} K off its target.".replace("-", "−"),
            "Check time step, thermostat and barostat: too long a step or too tight a barostat heats the box.",
        )  # fmt: skip
    return Check("temperature", "pass", measured, threshold, f"The temperature agrees with its target of {wanted:g} K.")


def check_times(times: NDArray[np.float64], first: int) -> Check | None:
    """Object if frames are not equally spaced in time, as errors and drifts take for granted; None if all is well.

    ``first`` is the number of the first frame. Frames that tell no time are not judged.
    """
    if not np.isfinite(times).all() or len(times) < 3:
        return None
    told, threshold = FrameTimes(), "the same time between all frames"
    told.add(first, times)
    try:
        told.spacing()
    except InputError as error:
        return Check(
            "time", "attention", str(error).split(";")[0], threshold,
            "Frames are missing, repeated or not equally spaced in time, so errors and drifts are not what they seem.",
            "Choose equally spaced frames with --select, or leave out what does not belong to the run.",
        )  # fmt: skip
    return None


def check_equipartition(translational: Series | None, rotational: Series | None) -> Check | None:
    """Ask whether molecules turn as hot as they move; None without velocities, or for one frame.

    Constraints on bonds leave both alone, so that they need not be known.
    """
    if translational is None or rotational is None:
        return None
    a, b = translational.statistics, rotational.statistics
    if a is None or b is None or a.n_used < 2:
        return None
    off, error = b.mean - a.mean, math.hypot(a.stderr, b.stderr)
    measured = f"translation {with_error(a.mean, a.stderr)} K, rotation {with_error(b.mean, b.stderr)} K"
    threshold = f"equal within {DRIFT_SIGMAS:g} standard errors or {EQUIPARTITION_RELATIVE:.0%}"
    if not (a.mean > 0.0 or b.mean > 0.0):
        return Check(
            "equipartition", "attention", measured, threshold, "The molecules' velocities are all zero.",
            "The file's velocities are no result of molecular dynamics: leave them out, or write the real ones.",
        )  # fmt: skip
    if abs(off) > EQUIPARTITION_RELATIVE * a.mean and abs(off) > DRIFT_SIGMAS * error:
        return Check(
            "equipartition", "attention", measured, threshold,
            f"The molecules' rotation is {off:+.1f} K off their translation.".replace("-", "−"),
            "Energy does not flow between translation and rotation as it should: check thermostat and time step.",
        )  # fmt: skip
    return Check(
        "equipartition", "pass", measured, threshold, "Translation and rotation of the molecules are equally hot."
    )
