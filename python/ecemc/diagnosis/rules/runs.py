"""Rules about runs at constant pressure: do they last, where do they fail, is the density right."""

from __future__ import annotations

__all__ = ["density", "equation_of_state", "fluctuations", "length", "stability", "thermostat", "where_it_fails"]

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ecemc.analysis.checks import DRIFT_RELATIVE, DRIFT_SIGMAS, MIN_EFFECTIVE
from ecemc.comparison import Scalar
from ecemc.diagnosis.finding import OBSERVED, Finding, Number, graded
from ecemc.diagnosis.limits import LIMITS, RUN_LENGTH
from ecemc.text import number, with_error
from ecemc.thermo import mean_with_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ecemc.diagnosis.evidence import Evidence, Run

    Array = NDArray[np.float64]

#: Monitors of ecemc md that tell of a liquid that does not hold, and that tell of molecules that do not.
_LIQUID, _MOLECULES = ("density", "bubble"), ("bonds", "contact")
#: Running means are over this part of a run.
_WINDOW = 20
#: Fewer entries are no course of the density.
_FEWEST = 10
#: ps, ten relaxation times of the thermostat: earlier a run may still be as hot as its start.
_THERMOSTATTED = 1.0


def stability(evidence: Evidence) -> list[Finding]:
    """Ask each run whether the liquid held together (section 2.1, figure 1C; section 2.2)."""
    found = [_stopped(run) or _steady(run) for run in evidence.npt_runs]
    found += [_stopped(run) for run in evidence.runs if not run.is_npt]
    bubbles = [
        check for check in evidence.checks if check[1] == "fail" and check[0] in {"voids", "density", "molecules"}
    ]
    checked = [
        Finding("stability", "bad", OBSERVED, text, (), ("stop_frames", "expanded"), unstable=True)
        for name, _, text in bubbles
    ]
    return [finding for finding in found if finding is not None] + checked


def _stopped(run: Run) -> Finding | None:
    if run.stopped_by is None:
        return None
    monitor, text = str(run.stopped_by.get("monitor")), str(run.stopped_by.get("text", "")).rstrip(".")
    advice: tuple[str, ...] = ("timestep", "stop_frames")
    if monitor in _LIQUID:
        advice = ("stop_frames", "expanded", "isolated")
    elif monitor in _MOLECULES:
        advice = ("stop_frames", "conformers", "compressed")
    sentence = (
        f"The {run.ensemble.upper()} run of {run.conditions} was stopped after {number(run.length, 3)} ps: {text}."
    )
    known = [(name, run.stopped_by.get(key)) for name, key in (("at the stop", "value"), ("what was allowed", "limit"))]
    numbers = tuple(Number(f"{monitor}: {name}", float(value), "") for name, value in known if value is not None)
    return Finding("stability", "bad", OBSERVED, sentence, numbers, advice, unstable=True)


def _steady(run: Run) -> Finding | None:
    """Judge the course of a density that no monitor has stopped."""
    if len(run.density) < _FEWEST:
        return None
    smooth = _running(run.density)
    s = mean_with_error(run.density, equilibration=0)
    drop = float(np.max(1.0 - smooth / np.maximum.accumulate(smooth)))
    numbers = (
        Number("largest fall of the running mean of the density", drop, "1", "drop"),
        Number("drift of the density between the halves", s.drift, "g/cm³"),
        Number("drift over its standard error", s.drift_sigmas, "σ"),
    )
    what = f"The density of {run.conditions}"
    severity, sigmas = graded(drop, "drop")
    if severity == "bad":
        sentence = f"{what} falls by {drop:.0%} on the way: a fluctuation of that size is not physical."
        return Finding("stability", "bad", sigmas, sentence, numbers, ("expanded", "stop_frames"), unstable=True)
    if abs(s.drift_sigmas) > DRIFT_SIGMAS and abs(s.drift) > DRIFT_RELATIVE * s.mean:
        way = "falls" if s.drift < 0.0 else "rises"
        sentence = f"{what} is not steady: it {way} by {abs(s.drift) / s.mean:.0%} between the halves of the run."
        return Finding("stability", "weak", abs(s.drift_sigmas), sentence, numbers, ("longer", "expanded"))
    sentence = f"The run of {run.conditions} holds together for {number(run.length, 3)} ps."
    if severity == "weak":
        sentence = f"{what} falls by {drop:.0%} on the way, more than a liquid's should."
        return Finding("stability", "weak", sigmas, sentence, numbers, ("longer", "expanded"))
    seen = math.sqrt(min(1.0, run.length / RUN_LENGTH))  # what takes longer has not been seen
    return Finding("stability", "sound", seen * sigmas, sentence, numbers)


def _running(density: Array) -> Array:
    """Average over a twentieth of the run."""
    window = max(1, len(density) // _WINDOW)
    return np.convolve(density, np.full(window, 1.0 / window), mode="valid") if len(density) else np.ones(1)


def where_it_fails(evidence: Evidence) -> list[Finding]:
    """Ask whether runs fail only when hot, or only at some compositions (sections 2.2 and 2.8)."""
    states = [(run, _fails(run)) for run in evidence.npt_runs]
    return [*_by_temperature(states), *_by_composition(states)]


def _fails(run: Run) -> bool:
    found = _stopped(run) or _steady(run)
    return found is not None and found.severity == "bad"


def _by_temperature(states: list[tuple[Run, bool]]) -> Iterator[Finding]:
    for composition in dict.fromkeys(run.composition for run, _ in states):
        of = [(run.temperature, bad) for run, bad in states if run.composition == composition]
        failed = [t for t, bad in of if bad and t is not None]
        held = [t for t, bad in of if not bad and t is not None]
        if failed and held and max(held) < min(failed):
            sentence = f"{composition} holds at {max(held):g} K and fails from {min(failed):g} K on."
            numbers = (Number("lowest temperature that fails", min(failed), "K"),)
            yield Finding("temperature", "bad", 2.0, sentence, numbers, ("hotter", "stop_frames", "expanded"))


def _by_composition(states: list[tuple[Run, bool]]) -> Iterator[Finding]:
    failed = {run.composition for run, bad in states if bad}
    held = {run.composition for run, bad in states if not bad} - failed
    if failed and held:
        sentence = f"{', '.join(sorted(held))} holds, {', '.join(sorted(failed))} does not."
        yield Finding("composition", "bad", 2.0, sentence, (), ("compositions", "stop_frames"))


def density(evidence: Evidence) -> list[Finding]:
    """Ask whether the density is that of the reference (section 2.4), and how it lies beside experiment (2.5)."""
    found = []
    row = evidence.comparison.scalars.get("density") if evidence.comparison else None
    if row is not None and evidence.comparison is not None:
        right, own = row.values
        if right is not None and own is not None and own.std > 0.0:
            found.append(_density("", own, right, evidence.comparison.labels[0]))
    for entry in evidence.densities:
        if entry.reference is None or not math.isfinite(entry.value) or (found and not entry.measured):
            continue
        what = f"{entry.composition} at {entry.temperature:g} K" if entry.temperature else entry.composition
        ours = Scalar(entry.value, entry.stderr, n_effective=entry.n_effective)
        theirs = Scalar(entry.reference, entry.reference_stderr)
        if not entry.measured:
            found.append(_density(f" of {what}", ours, theirs, entry.reference_source or "the reference"))
            continue
        beside = _density(f" of {what}", ours, theirs, f"experiment ({entry.reference_source})")
        if beside.severity in {"weak", "bad"}:
            text = f"{beside.sentence} A model can be as good as its reference method at best, which this judges too."
            beside = replace(beside, severity="weak", sentence=text, advice=())
        found.append(beside)
    return found


def _density(of: str, ours: Scalar, theirs: Scalar, source: str) -> Finding:
    """Hold a density against that of the reference; a difference within errors of 2% is none."""
    value, error, right = ours.value, ours.stderr, theirs.value
    off, sigma = value / right - 1.0, math.hypot(error, theirs.stderr) / right
    n = min((n for n in (ours.n_effective, theirs.n_effective) if math.isfinite(n)), default=math.inf)
    limit = LIMITS["density"]
    beyond = abs(off) - limit.fine
    sigmas = max(-OBSERVED, min(OBSERVED, beyond / sigma)) if sigma > 0.0 else math.copysign(OBSERVED, beyond)
    if not math.isfinite(sigma):
        sigmas = 0.0
    elif n < MIN_EFFECTIVE:
        sigmas *= math.sqrt(max(n, 0.0) / MIN_EFFECTIVE)
    severity, _ = graded(off, "density")
    numbers = (
        Number("density", value, "g/cm³"), Number("its standard error", error, "g/cm³"),
        Number(f"density of {source}", right, "g/cm³"), Number("relative difference", off, "1", "density"),
        Number("independent samples", n, "1"),
    )  # fmt: skip
    way = "above" if off > 0.0 else "below"
    shown = f"The density{of} is {with_error(value, error)} g/cm³, {abs(off):.1%} {way} {source}"
    if abs(sigmas) < 1.0:
        return Finding("density", "unknown", sigmas, f"{shown}: not known well enough to judge.", numbers, ("longer",))
    advice = () if severity == "sound" else ("expanded", "virials", "liquid")
    return Finding("density", severity, sigmas, f"{shown}.", numbers, advice)


def fluctuations(evidence: Evidence) -> list[Finding]:
    """Ask whether the density fluctuates as much as that of the reference (section 2.9, figure 9A)."""
    row = evidence.comparison.scalars.get("density") if evidence.comparison else None
    if row is None or evidence.comparison is None or any(value is None for value in row.values):
        return []
    theirs, ours = (value.std for value in row.values if value is not None)
    sizes = {sum(result.compositions[0].values()) for result in evidence.comparison.results}
    if not theirs > 0.0 or not ours > 0.0 or len(sizes) > 1:
        return []
    n = min(value.n_effective for value in row.values if value is not None)
    severity, sigmas = graded(ours / theirs, "fluctuations", n)
    numbers = (Number("standard deviation of the density over the reference's", ours / theirs, "1", "fluctuations"),)
    sentence = f"The density fluctuates {number(ours / theirs, 2)} times as much as that of the reference."
    return [Finding("density", severity, sigmas, sentence, numbers, ("expanded", "smoother", "longer"))]


def equation_of_state(evidence: Evidence) -> list[Finding]:
    """Ask whether the pressure is zero where the liquid comes to rest (section 2.4, crosses in figure 4E)."""
    eos = evidence.eos
    values = [run.density_statistics for run in evidence.npt_runs]
    known = [s for s in values if s is not None and math.isfinite(s.stderr)]
    if eos is None or not known or not math.isfinite(eos.high - eos.low):
        return []
    s = known[0]
    sigma = math.hypot(s.stderr, (eos.high - eos.low) / 4.0)
    off = (s.mean - eos.density) / sigma if sigma else 0.0
    numbers = (
        Number("density at constant pressure", s.mean, "g/cm³"),
        Number("density of zero pressure from P(ρ)", eos.density, "g/cm³"),
    )
    if abs(off) <= DRIFT_SIGMAS:
        text = "The density at constant pressure is where P(ρ) is zero, as it has to be."
        return [Finding("statistics", "sound", DRIFT_SIGMAS - abs(off), text, numbers)]
    text = (
        f"The density at constant pressure is {abs(off):.1f} standard errors away from where P(ρ) is zero: one of "
        "the two is not in equilibrium."
    )
    return [Finding("statistics", "weak", abs(off), text, numbers, ("longer",))]


def thermostat(evidence: Evidence) -> list[Finding]:
    """Ask whether the runs are as hot as they should be: if not, the integration is to blame, not the model."""
    found = []
    for run in evidence.runs:
        kinetic = run.series.get("temperature_K", np.empty(0))
        early = len(kinetic) < _FEWEST or run.length < _THERMOSTATTED
        if run.temperature is None or run.ensemble.lower() == "nve" or early:
            continue
        late = kinetic[len(kinetic) // 2 :]
        off = float(late.mean()) / run.temperature - 1.0
        error = float(late.std(ddof=1)) / math.sqrt(len(late)) / run.temperature
        severity, _ = graded(off, "temperature")
        sigmas = (abs(off) - LIMITS["temperature"].fine) / max(error, 1e-4)
        if severity == "sound" or sigmas < DRIFT_SIGMAS:
            continue
        sentence = (
            f"The run of {run.conditions} is at {float(late.mean()):.0f} K, {off:+.0%} off: look at its time step."
        )
        numbers = (Number("relative temperature off its target", off, "1", "temperature"),)
        found.append(Finding("thermostat", severity, min(OBSERVED, sigmas), sentence, numbers, ("timestep",)))
    return found


def length(evidence: Evidence) -> list[Finding]:
    """Ask whether the runs are long enough to have seen what goes wrong (section 2.2: 100 ps)."""
    lasting = [run for run in evidence.npt_runs if run.stopped_by is None]
    if not lasting:
        return []
    longest = max(lasting, key=lambda run: run.length)
    s = longest.density_statistics
    samples = s.n_effective if s else 0.0
    numbers = (
        Number("length of the longest run", longest.length, "ps"),
        Number("independent samples of its density", samples, "1"),
    )
    if longest.length >= RUN_LENGTH and samples >= MIN_EFFECTIVE:
        text = f"The longest run, {number(longest.length, 3)} ps, has {samples:.0f} independent densities."
        return [Finding("statistics", "sound", 2.0, text, numbers)]
    text = (
        f"The longest run covers {number(longest.length, 3)} ps with {number(samples, 2)} independent densities: too "
        f"short to rule bubbles out, for which {RUN_LENGTH:g} ps are needed, and at least {MIN_EFFECTIVE:g} densities."
    )
    return [Finding("statistics", "unknown", 0.0, text, numbers, ("longer",))]
