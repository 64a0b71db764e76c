"""``ecemc check-calculator``: forces and virial against finite differences of the energy."""

from __future__ import annotations

__all__ = ["check_calculator"]

import json
from pathlib import Path
from typing import Annotated

import typer

from ecemc.cli.label import parsed
from ecemc.cli.main import DONE, FAILED
from ecemc.cli.options import method_option, set_option
from ecemc.cli.reading import open_trajectory, select_option
from ecemc.cli.show import say, trajectory_argument


def check_calculator(
    trajectories: Annotated[list[Path], trajectory_argument()],
    method: Annotated[str, method_option()],
    select: Annotated[str, select_option()] = "-1",
    options: Annotated[list[str] | None, set_option()] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few directions, as before a run at constant pressure.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Compare forces and virial with finite differences of the energy, and say what is wrong.

    Any method: also one whose energy is noisy, and cells shorter than the cutoff.

    Exit status: 0 all right, 1 something is wrong, 2 bad input.

    Example:  ecemc check-calculator box.extxyz --model model.xml
    """
    from ecemc import md
    from ecemc.methods import get_method
    from ecemc.text import plain

    chosen = get_method(method, **parsed(options))
    results = []
    for number, atoms in enumerate(open_trajectory(trajectories, select, append=True).atoms()):
        results.append(md.check_calculator(chosen, atoms, thorough=not quick))
        if not as_json:
            say(f"frame {number}: {len(atoms)} atoms, {results[-1].n_evaluations} evaluations with {chosen.name}")
            for finding in results[-1].findings:
                mark = {True: "ok   ", False: "WRONG", None: "-    "}[finding.ok]
                say(f"  {mark} {finding.part:<11} {finding.text}", style="red" if finding.ok is False else None)
    if as_json:
        say(json.dumps(plain([result.to_dict() for result in results]), indent=1, ensure_ascii=False))
    return DONE if all(result.ok for result in results) else FAILED
