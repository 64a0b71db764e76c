"""How many threads the kernels use."""

from __future__ import annotations

__all__ = ["thread_count"]

import os

from ecemc.errors import InputError


def thread_count(n_threads: int | None = None) -> int:
    """Argument, else ``ECEMC_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all cores this process may use.

    Raises
    ------
    InputError
        If the number is not at least 1.

    Examples
    --------
    >>> thread_count(3)
    3
    """
    if n_threads is not None:
        if n_threads < 1:
            raise InputError(f"n_threads: got {n_threads}, expected at least 1 or None")
        return n_threads
    for name in ("ECEMC_NUM_THREADS", "OMP_NUM_THREADS"):
        # OpenMP allows a list, one number for each level of nesting.
        text = os.environ.get(name, "").partition(",")[0].strip()
        if text:
            if not text.isdecimal() or int(text) < 1:
                raise InputError(f"environment variable {name}: got {text!r}, expected a whole number >= 1")
            return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
