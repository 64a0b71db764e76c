"""Kernels and processes: the same bits for any thread count, alive after a fork, Ctrl-C, no GIL."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import ecemc


def gas(n=4000, length=36.0, seed=1):
    rng = np.random.default_rng(seed)
    return Atoms("C" * n, positions=rng.uniform(0, length, (n, 3)), cell=[length] * 3, pbc=True)


def test_same_bits_for_any_number_of_threads():
    atoms = gas()
    one = ecemc.neighbor_list("ijSDd", atoms, 5.0, n_threads=1)
    assert len(one[0]) > 10_000
    for n_threads in (2, 3, 5):
        many = ecemc.neighbor_list("ijSDd", atoms, 5.0, n_threads=n_threads)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one, many, strict=True))


def _in_child(queue):
    queue.put(len(ecemc.neighbor_list("i", gas(), 5.0, n_threads=2)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_can_use_threads():
    expected = len(ecemc.neighbor_list("i", gas(), 5.0, n_threads=2))  # the parent's pool exists before the fork
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == expected
    child.join(timeout=60)
    assert child.exitcode == 0


def test_the_gil_is_free_while_a_kernel_runs():
    atoms, ticks, done = gas(30_000, 40.0), [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    ecemc.neighbor_list("i", atoms, 9.0, n_threads=1)
    end = time.perf_counter()
    done.set()
    thread.join()
    # Were the GIL held, no tick could fall inside the call (but for its very ends).
    inside = [t for t in ticks if start + 0.1 * (end - start) < t < end - 0.1 * (end - start)]
    assert len(inside) > 3


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_stops_a_kernel(n_threads):
    code = f"""
import numpy as np, ecemc
from ase import Atoms
rng = np.random.default_rng(0)
atoms = Atoms("C" * 60000, positions=rng.uniform(0, 60, (60000, 3)), cell=[60] * 3, pbc=True)
print("ready", flush=True)
try:
    while True:
        ecemc.neighbor_list("d", atoms, 14.0, n_threads={n_threads})
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert out == "stopped\n"
    assert child.returncode == 0


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_variable_asks_for_nothing(monkeypatch, value):
    monkeypatch.setenv("ECEMC_NUM_THREADS", value)
    monkeypatch.setenv("OMP_NUM_THREADS", "bad")
    with pytest.raises(ecemc.errors.InputError, match=r"OMP_NUM_THREADS: got .bad."):
        ecemc.find_molecules(gas(10))
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert len(ecemc.find_molecules(gas(10)).index) == 10


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc on this system")
def test_absurd_numbers_of_threads_are_not_started():
    script = (
        "import os, ecemc; from ase import Atoms; ecemc.voids(Atoms('He', cell=[3] * 3, pbc=True), n_threads=100000);"
        "print(len(os.listdir('/proc/self/task')))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert int(run.stdout) < 256 + (os.cpu_count() or 1) + 64


def test_a_state_can_be_asked_while_another_thread_adds_to_it():
    """The kernel needs the GIL to look for Ctrl-C: whoever waits for its state must not hold it."""
    code = """
import threading, time
import numpy as np
from ase import Atoms
from ecemc import MSDAccumulator
from ecemc.frames import batch
paths = np.random.default_rng(0).uniform(0, 20, (2000, 3)) + np.linspace(0, 1, 200)[:, None, None]
frames = batch(Atoms("He2000", positions, cell=[20] * 3, pbc=True) for positions in paths)
sums = MSDAccumulator(of="atoms")
sums.add(frames)
thread = threading.Thread(target=lambda: [sums.add(frames, n_threads=1) for _ in range(3)])
thread.start()
while thread.is_alive():
    assert sums.n_frames % 200 == 0
    time.sleep(0.001)
thread.join()
assert sums.n_frames == 800
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
