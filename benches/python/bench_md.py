"""A step of dynamics of 48 molecules with GAP models: the native engine and ``run_md`` against QUIP."""

from __future__ import annotations

from common import Row  # first: it sets the number of threads

import tempfile  # isort: skip
import time
from pathlib import Path

from ecemc.gap.native import NativeModel
from ecemc.md import MDOptions, run_md
from ecemc.methods import Method, get_method
from ecemc.testing import liquid
from ecemc.trajectory import read

from bench_gap import MODELS, Potential, box, write_model  # isort: skip

TIMESTEP = 0.5  # fs
#: Steps before the first that counts, and of QUIP
N_STEPS, N_BEFORE, N_QUIP = 100, 20, 3
#: ns in a day at one step per second
NS_PER_DAY = 86_400 * TIMESTEP * 1e-6


class Clocked:
    """A method that knows how long its calculators have calculated."""

    def __init__(self, method):
        self.method, self.seconds = method, 0.0

    def make(self):
        calculator = self.method.make()
        calculate = calculator.calculate

        def clocked(*arguments, **options):
            start = time.perf_counter()
            calculate(*arguments, **options)
            self.seconds += time.perf_counter() - start

        calculator.calculate = clocked
        return calculator


def dynamics(path, frame_interval):
    """Run OPLS dynamics of 16 EC and 32 EMC at 400 K; give what a step takes beside the forces.

    The weights of the models are random, so their own forces would lead nowhere; what they cost depends on positions.
    """
    clocked = Clocked(get_method("opls"))
    method = Method("OPLS", clocked.method.identity, clocked.make)
    options = MDOptions(
        ensemble="nvt",
        temperature=400.0,
        time=(N_STEPS + N_BEFORE) * TIMESTEP,
        timestep=TIMESTEP,
        frame_interval=frame_interval,
    )
    start = time.perf_counter()
    result = run_md(liquid(16, 32, density=0.95, seed=0), method, path, options)
    return (time.perf_counter() - start - clocked.seconds) / result.n_steps


def native(path, frames, n_threads):
    """Seconds of a step: the mean over a run, of the best of three runs."""
    model, times = NativeModel(path), []
    for _ in range(3):
        model.predict(frames[0], n_threads=n_threads)
        start = time.perf_counter()
        for frame in frames[1:]:
            model.predict(frame, n_threads=n_threads)
        times.append((time.perf_counter() - start) / (len(frames) - 1))
    return min(times)


def quip(path, frames):
    """The same with QUIP, of the best of a few steps."""
    potential, times = Potential("", param_filename=str(path)), []
    for frame in frames[:N_QUIP]:
        start = time.perf_counter()
        potential.calculate(frame.copy(), ["energy", "forces", "stress"])
        times.append(time.perf_counter() - start)
    return min(times)


def show(name, rows, own):
    """Print a table; the time of ``run_md`` itself counts for all."""
    print(f"\n### {name}, 640 atoms, steps of {TIMESTEP} fs\n")
    print("| engine | model (ms per step) | step (ms) | ns per day | ratio |\n|---|---:|---:|---:|---:|")
    for row in rows:
        step = row.best + own
        ratio = step / (rows[0].best + own)
        print(
            f"| {row.name} | {row.best * 1e3:.1f} | {step * 1e3:.1f} | {NS_PER_DAY / step:.4g} | {ratio:.1f} |",
            flush=True,
        )


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        dynamics(folder / "steps.extxyz", TIMESTEP)
        frames = read(folder / "steps.extxyz", f"{N_BEFORE}:")
        own = dynamics(folder / "run.extxyz", 50.0)
        print(f"\nrun_md itself, with its logs, monitors and a frame every 50 fs: {own * 1e3:.2f} ms per step")
        sparse = [box(640, 0.985, seed) for seed in range(6)]
        for name, templates in MODELS.items():
            path = folder / name.replace(" ", "_") / "model.xml"
            path.parent.mkdir()
            write_model(path, templates, sparse)
            rows = [Row(f"ecemc, {n} thread{'s' * (n > 1)}", best := native(path, frames, n), best) for n in (1, 2)]
            if Potential is not None:
                rows.append(Row("quippy, 1 thread", best := quip(path, frames), best))
            show(name, rows, own)


if __name__ == "__main__":
    main()
