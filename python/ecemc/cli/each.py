"""``ecemc analyze --each``: many trajectories, a report for each, at the same time."""

from __future__ import annotations

__all__ = ["analyze_each"]

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecemc.cli.analyze import CHECKPOINT, STYLES
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.reading import open_trajectory
from ecemc.cli.show import counting, say, warn
from ecemc.errors import InputError
from ecemc.jobs import Job, open_executor, read_cluster, run_jobs
from ecemc.threads import thread_count

if TYPE_CHECKING:
    from ecemc.analysis import AnalysisOptions
    from ecemc.jobs import JobOutcome


def analyze_each(
    paths: list[Path],
    out: Path,
    options: AnalysisOptions,
    reading: dict[str, Any],
    *,
    executor: Path | None,
    n_jobs: int | None,
    strict: bool,
) -> int:
    """Write a report for each file to a folder in ``out``, and show the verdicts; those that fail stop no other."""
    if executor is not None and n_jobs is not None:
        raise InputError(f"--jobs: {executor} says how many there are at the same time; leave one of the two out")
    cluster = None if executor is None else read_cluster(executor)
    out.mkdir(exist_ok=True)
    jobs = [
        Job(name, name, _report, (str(path.absolute()), str((out / name).absolute()), options, reading))
        for name, path in _named(paths).items()
    ]
    done: list[JobOutcome] = []
    n_jobs = min(thread_count(n_jobs), len(jobs))
    with counting("files") as progress, open_executor(cluster, n_jobs=n_jobs, folder=out / "parsl") as workers:

        def count(outcome: JobOutcome) -> None:
            done.append(outcome)
            progress(len(done), len(done) / len(jobs))

        outcomes = run_jobs(jobs, workers, progress=count)
    for one in outcomes:
        if one.result is None:
            warn(f"{one.job.name}: {one.reason}")
        else:
            status, summary = one.result
            say(f"{one.job.name}: {status.upper()}: {summary}", style=STYLES[status])
    say(f"{out}: reports of {sum(one.state == 'done' for one in outcomes)} of {len(outcomes)} files")
    bad = {"fail", "attention"} if strict else {"fail"}
    return FAILED if any(one.result is None or one.result[0] in bad for one in outcomes) else DONE


def _report(path: str, folder: str, options: AnalysisOptions, reading: dict[str, Any]) -> tuple[str, str]:
    """Analyse one file and write its report; give the verdict."""
    from ecemc.analysis import analyze_files
    from ecemc.analysis.checkpoint import remove_checkpoint
    from ecemc.report import check_folder, write_report

    check_folder(Path(folder))
    checkpoint = Path(folder) / CHECKPOINT
    trajectory = open_trajectory([Path(path)], options.select, **reading)
    analysis = analyze_files(trajectory, options, checkpoint=checkpoint).result()
    write_report(analysis, Path(folder), command=f"ecemc analyze {path} --each")
    remove_checkpoint(checkpoint)
    return analysis.verdict.status, analysis.verdict.summary


def _named(paths: list[Path]) -> dict[str, Path]:
    """Name files by the parts of their paths in which they differ: ``runs/T300/run.xyz`` is ``T300``."""
    parts = [[*path.absolute().parent.parts, path.name.partition(".")[0]] for path in paths]
    first = _common(parts)
    parts = [part[first:] for part in parts]
    last = _common([part[::-1] for part in parts])
    names = ["-".join(part[: len(part) - last]) for part in parts]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(f"{paths[number]}: would have the same report as {paths[names.index(name)]}; rename one")
    return dict(zip(names, paths, strict=True))


def _common(parts: list[list[str]]) -> int:
    """Count the first parts that all have, so that at least one is left to each."""
    shortest = min(map(len, parts)) - 1
    return next((n for n in range(shortest) if len({part[n] for part in parts}) > 1), shortest)
