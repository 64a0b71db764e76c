"""The application: verbs, errors, exit status."""

from __future__ import annotations

__all__ = ["app", "main"]

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ecemc.errors import EcemcError

# Typer brings its own copy of click or uses click, depending on its version; its public names lead to either.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_ClickException: type[Exception] = typer.BadParameter.__mro__[2]

#: Verbs and what they do; the modules ``ecemc.cli.VERB`` are imported when a verb is used, which keeps ``--help`` fast.
VERBS = {
    "analyze": "Analyse a trajectory: verdict, numbers, figures, one page.",
    "merge": "Join parts of a trajectory that were analysed apart.",
    "info": "What is in a trajectory: frames, atoms, molecules, cell, time, keys.",
    "convert": "Convert a trajectory to another format, or several to one.",
    "compare": "Compare analyses: what differs, what agrees, one page.",
    "molecules": "Count molecules by species and find broken ones.",
    "rdf": "Radial distribution functions as CSV, JSON or PNG.",
    "diffusion": "Mean squared displacements and self-diffusion by species, as table, CSV, JSON or PNG.",
    "sample": "Make a real liquid: OPLS-AA molecular dynamics of EC and EMC, or of your own force field.",
    "check": "Look a labelled data set over: keys, units, signs, duplicates, contacts; a verdict.",
    "split": "Divide a data set into training, validation and test parts.",
    "isolate": "Cut out single molecules and atoms, ready to be labelled.",
    "label": "Compute energies, forces and virials of frames with a named method or any ASE calculator.",
    "decompose": "Split labels into intra- and intermolecular parts, forces into translation, rotation, vibration.",
    "fit": "Fit a GAP model with QUIP's gap_fit.",
    "predict": "Energies, forces and virials of a GAP model, or of several, for a file.",
    "errors": "Errors of a model: total, intra, inter, translational, rotational, vibrational.",
    "scan": "Rigid volume scans: geometries, energies, forces and scores of models.",
    "check-calculator": "Compare forces and virial of a model with finite differences of its energy.",
    "md": "Molecular dynamics with a model: NVE, NVT or NPT, watched while it runs, safe to kill and continue.",
    "sweep": "Many runs from one plan: temperatures, compositions, densities, seeds; on this machine or a cluster.",
    "export": "Write what LAMMPS needs to run a model: data file, input, potential.",
    "density": "NPT densities with honest errors against temperature, composition and experiment.",
    "eos": "Equation of state from NVT pressures at several densities: zero-pressure density with its confidence.",
    "dimer": "Interaction curves of two molecules with any set of methods.",
    "diagnose": "Say in words whether a model's liquid is stable, what is to blame, and which data to add.",
    "map": "Kernel-PCA map of the environments in a data set.",
    "doctor": "Check the installation: versions, kernels, processor, optional packages.",
}

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class LazyVerbs(TyperGroup):
    """A group that knows its verbs by name and imports one when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Name all verbs, in the order of a first visit."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import a verb."""
        if cmd_name not in VERBS:
            return None
        module = cmd_name.replace("-", "_")
        verb = typer.Typer(add_completion=False, rich_markup_mode="rich")
        verb.command(cmd_name)(getattr(import_module(f"ecemc.cli.{module}"), module))
        return get_command(verb)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """List the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=LazyVerbs,
    add_completion=False,
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: ecemc analyze run.extxyz -o report",
)


def _show_version(value: bool) -> None:
    if value:
        from ecemc._core import __version__

        typer.echo(f"ecemc {__version__}")
        raise typer.Exit


@app.callback()
def ecemc(
    ctx: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Correct, fast diagnostics for machine-learning force fields of molecular liquids."""
    if debug:
        os.environ["ECEMC_DEBUG"] = "1"
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(BAD_INPUT)


def main(arguments: list[str] | None = None) -> None:
    """Run a verb and exit: 0 done, 1 the work found a failure, 2 bad input or usage, 130 interrupted."""
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: list[str]) -> int:
    command = get_command(app)
    try:
        result: Any = command.main(arguments, prog_name="ecemc", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone: not an error. Python must not flush into the pipe again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except BaseException as error:  # noqa: BLE001  (all of them become one line and a status)
        return _explain(error)
    if result == INTERRUPTED:  # how newer versions of typer report Ctrl-C
        return _explain(KeyboardInterrupt())
    return result if isinstance(result, int) else DONE


def _explain(error: BaseException) -> int:
    """Say what went wrong in one line, or raise again if the user wants to see it all."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        typer.echo("ecemc: interrupted", err=True)
        return INTERRUPTED
    if os.environ.get("ECEMC_DEBUG"):
        raise error
    if isinstance(error, _ClickException):
        text = error.format_message()  # type: ignore[attr-defined]
        context = getattr(error, "ctx", None) if isinstance(error, _UsageError) else None
        if context is not None:
            text = f"{text.rstrip('.')}; see {context.command_path} --help"
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, (EcemcError, OSError, MemoryError)):
        text = str(error) or type(error).__name__
    else:
        text = f"{type(error).__name__}: {error} (this is a bug, please report it with the output of --debug)"
    typer.echo(f"ecemc: error: {' '.join(text.split())}", err=True)
    return BAD_INPUT
