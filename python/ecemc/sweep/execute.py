"""One run in its folder: what a worker is given to do."""

from __future__ import annotations

__all__ = ["LOCK", "execute", "part_done"]

import json
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc import keys
from ecemc.errors import CalculationError, EcemcError, InputError
from ecemc.files import write_atomically
from ecemc.jobs import LockedError, WorkerDiedError, locked
from ecemc.md import run_md
from ecemc.sampling import sample
from ecemc.sweep.grid import fingerprint, liquid_of, md_options_of, method_of, sample_options_of, start_of
from ecemc.text import plain
from ecemc.thermo import mean_with_error
from ecemc.trajectory import iread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike

    from ecemc.sweep.grid import Run
    from ecemc.thermo import SeriesStatistics

#: In the folder of a run.
LOCK, RECORD, MD_FILE, SAMPLE_FILE = ".lock", "run.json", "run.extxyz", "liquid.extxyz"
#: Seconds after which a worker whose sweep was killed has noticed it.
_PATIENCE = 180.0


def execute(run: Run, folder: str) -> dict[str, Any]:
    """Make a run, or go on with it where it stood, and say what came of it.

    Parameters
    ----------
    run
        What to do.
    folder
        Of the run; made if it is not there.

    Returns
    -------
    dict
        ``status``, ``text`` (why it was stopped, or None), ``n_frames``; means over what follows the equilibration,
        each with its standard error: ``temperature_K``, ``density_g_cm3``, ``pressure_bar``.

    Raises
    ------
    InputError
        If the model or start is no longer what the plan was made with, or the folder holds another run.
    WorkerDiedError
        If another process still makes it.
    Exception
        Whatever goes wrong; what is no error of the user is in ``error.txt`` too.
    """
    place = Path(folder)
    place.mkdir(exist_ok=True)
    with _alone(place):
        _claim(run, place)
        if fingerprint(run.kind, run.settings)[0] != run.key:
            raise InputError("the model, the start or their versions have changed since the plan was read; start again")
        try:
            return _KINDS[run.kind](run.settings, place)
        except EcemcError:
            raise
        except Exception:
            (place / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            raise


def part_done(run: Run, folder: Path) -> float | None:
    """Tell which part of a run is done, where that is known."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        summary = json.loads((folder / MD_FILE).with_suffix(".md.json").read_text(encoding="utf-8"))
        return min(1.0, float(summary["n_steps_done"]) / md_options_of(run.settings)[0].n_steps)
    return None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep a worker that has not yet noticed that its sweep is gone from writing the same files."""
    try:
        with locked(place / LOCK, patience=_PATIENCE):
            yield
    except LockedError as error:
        raise WorkerDiedError(f"another process still makes this run ({place})") from error


def _claim(run: Run, place: Path) -> None:
    """Write down what is run here; refuse a folder in which something else was."""
    path = place / RECORD
    record = {"place": run.place, "kind": run.kind, "settings": run.settings}
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["place"]
        except (ValueError, KeyError, TypeError):
            found = None
        if found != run.place:
            raise InputError(f"{place}: holds another run; move it away, or choose another folder for the sweep")
    write_atomically(path, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def _md(settings: Mapping[str, Any], place: Path) -> dict[str, Any]:
    options, monitors = md_options_of(settings)
    out = place / MD_FILE
    result = run_md(start_of(settings), method_of(settings), out, options, monitors=monitors)
    stop = result.stopped_by
    if stop is not None and stop.monitor == "calculator":
        raise CalculationError(f"step {stop.step}: {stop.text}")
    thermo = result.thermo()
    text = None if stop is None else f"step {stop.step}: {stop.text}"
    means = {name: thermo[name] for name in ("temperature_K", "density_g_cm3", "pressure_bar")}
    return {"status": result.status, "text": text, "n_frames": result.n_frames, **_means(means)}


def _sample(settings: Mapping[str, Any], place: Path) -> dict[str, Any]:
    out = place / SAMPLE_FILE
    if not out.exists() or out.with_name(out.name + ".checkpoint").exists():
        sample(liquid_of(settings), out, sample_options_of(settings))
    infos = [atoms.info for atoms in iread(out)]
    columns = {"temperature_K": keys.TEMPERATURE, "density_g_cm3": keys.DENSITY}
    means = {name: [info[key] for info in infos] for name, key in columns.items()}
    return {"status": "finished", "text": None, "n_frames": len(infos), **_means(means)}


def _means(series: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """Mean and standard error of each; None where there is none, such as a pressure without stress."""
    return {
        name: plain([found.mean, found.stderr]) if (found := _statistics(values)) is not None else None
        for name, values in series.items()
    }


def _statistics(values: ArrayLike) -> SeriesStatistics | None:
    try:
        return mean_with_error(values)
    except InputError:  # it has entries that are no numbers
        return None


_KINDS = {"md": _md, "sample": _sample}
