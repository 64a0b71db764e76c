"""Frames through executors: the same labels, whatever computes them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import ecemc
from ecemc.evaluation import evaluate, label
from ecemc.jobs import ProcessExecutor
from ecemc.methods import get_method
from ecemc.testing import liquid


@pytest.mark.parametrize(
    "executor",
    [
        lambda: ThreadPoolExecutor(3),
        lambda: ProcessExecutor(n_jobs=2),
        lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    ],
)
def test_an_executor_does_not_change_a_bit(executor, tmp_path):
    frames = [liquid(1, 1, density=0.5, seed=seed) for seed in range(8)]
    method = get_method("opls")
    label(frames, tmp_path / "here.extxyz", method, n_jobs=1)
    with executor() as workers:
        label(frames, tmp_path / "there.extxyz", method, executor=workers)
        again = label(frames, tmp_path / "there.extxyz", method, executor=workers)
        outcomes = list(evaluate(iter(frames), method, executor=workers, n_jobs=2))
    assert again.n_labelled == 8
    assert (tmp_path / "there.extxyz").read_bytes() == (tmp_path / "here.extxyz").read_bytes()
    for atoms, outcome in zip(ecemc.iread(tmp_path / "here.extxyz"), outcomes, strict=True):
        assert np.array_equal(atoms.arrays["REF_forces"], outcome.labels.forces)
