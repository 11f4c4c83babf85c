"""The command line. Results go to standard output, progress and log to standard error."""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click

from kerastune_ft.errors import KerasTuneError
from kerastune_ft.rundir import OUT_OF_SPACE


class _Program(click.Group):
    """Prints the errors a user can mend without a traceback, each with its exit code."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the program and exit."""
        options["standalone_mode"] = False
        words = options.get("args") or (arguments[0] if arguments else None) or sys.argv[1:]
        try:
            code = super().main(*arguments, **options)
            sys.exit(code if isinstance(code, int) else 0)
        except click.ClickException as error:
            if "--json" in words:
                _print_json(_described("UsageError", error.format_message(), 2))
            error.show()
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted; the same command goes on", err=True)
            sys.exit(75)
        except KerasTuneError as error:
            _explain(error, "--debug" in words, "--json" in words)
            sys.exit(error.exit_code)
        except OSError as error:
            if error.errno not in OUT_OF_SPACE:
                _unexpected(error, "--debug" in words, "--json" in words)
                sys.exit(1)
            click.echo("no space left where the output goes", err=True)
            sys.exit(6)
        except Exception as error:
            _unexpected(error, "--debug" in words, "--json" in words)
            sys.exit(1)

    def invoke(self, context: click.Context) -> Any:
        """Run a command; that whoever reads its output stops reading, as `head` does, is no error."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still buffered has nowhere to go, and Python would complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return result


def _explain(error: KerasTuneError, debug: bool, as_json: bool) -> None:
    if debug:
        traceback.print_exception(error)
    if as_json:
        _print_json(_described(type(error).__name__, str(error), error.exit_code, getattr(error, "problems", ())))
    click.echo(str(error), err=True)


def _described(kind: str, message: str, exit_code: int, problems: Sequence[Any] = ()) -> dict[str, Any]:
    """Return an error as the JSON object that `--json` prints."""
    return {
        "error": kind,
        "message": message,
        "exit_code": exit_code,
        "problems": [problem.to_json() for problem in problems],
    }


def _unexpected(error: Exception, debug: bool, as_json: bool) -> None:
    if debug:
        traceback.print_exception(error)
    text = " ".join(str(error).split())
    if as_json:
        _print_json(_described(type(error).__name__, text, 1))
    click.echo(f"unexpected {type(error).__name__}: {text[:400]}", err=True)
    if not debug:
        click.echo("this is a fault of the program; the same command with --debug shows where", err=True)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(table: Any) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    # Where output is piped or captured a fixed width keeps rows whole.
    Console(highlight=False, width=None if console.is_terminal else 120).print(table)


def _common(command: Callable) -> Callable:
    command = click.option("--debug", is_flag=True, help="Show tracebacks.")(command)
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


_set = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a key, as in phases.head.epochs=2."
)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kerastune_ft", prog_name="kerastune-ft")
def main() -> None:
    """Fine-tune pretrained Keras backbones in phases."""


@main.command()
@click.argument("config")
@click.option("--run-dir", help="The run directory; by default runs/<name>-<n>.")
@_set
@click.option("--fresh", is_flag=True, help="Start over; an earlier run in --run-dir is kept aside.")
@click.option("--until-phase", metavar="NAME", help="Stop after this phase.")
@click.option("--stop-after", metavar="DURATION", help="Stop in time, as in 3h50m; the same command goes on.")
@_common
def run(
    config: str,
    run_dir: str | None,
    overrides: tuple[str, ...],
    fresh: bool,
    until_phase: str | None,
    stop_after: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    """Train all phases of CONFIG, evaluate, write the run directory; again: go on."""
    from kerastune_ft import api

    done = api.run(config, run_dir, fresh=fresh, until_phase=until_phase, stop_after=stop_after, overrides=overrides)
    if as_json:
        _print_json({"run": str(done.path), "state": done.manifest.get("state"), "metrics": done.metrics})
        return
    _print_outcome(done)


def _print_outcome(done: Any) -> None:
    from kerastune_ft.reporting.tables import metrics_table

    if done.metrics:
        _show(metrics_table(done.metrics))
    split = "test" if "test" in done.metrics else "validation"
    figures = "  ".join(
        f"{split}_{name} {value:.4f}" for name, value in done.metrics.get(split, {}).items() if value is not None
    )
    click.echo(figures or "not evaluated yet")
    click.echo(f"run directory: {done.path}")
    if done.metrics:
        click.echo(f"next: open {done.path}/report/index.html, or: python -m kerastune_ft evaluate {done.path}")
    else:
        click.echo("next: the same command without --until-phase goes on")


@main.command()
@click.argument("config")
@_set
@_common
def validate(config: str, overrides: tuple[str, ...], as_json: bool, debug: bool) -> None:
    """Report every problem of CONFIG without looking at model or data."""
    from kerastune_ft.config.read import read
    from kerastune_ft.reporting.quantities import counted

    settings = read(config, overrides)
    unchecked = ["the units that unfreeze names", "the data: files, classes and splits"]
    if str(getattr(settings.backbone, "weights", None)) not in ("None", "embedded"):
        unchecked.append("whether the weights are there")
    if as_json:
        _print_json(
            {
                "valid": True,
                "name": settings.name,
                "phases": [phase.name for phase in settings.phases],
                "not_checked": unchecked,
            }
        )
        return
    phases = counted(len(settings.phases), "phase")
    click.echo(f"{config}: no problems; {phases}: {', '.join(phase.name for phase in settings.phases)}")
    click.echo(f"not checked here: {'; '.join(unchecked)} (see: python -m kerastune_ft plan {config})")


@main.command()
@click.argument("config")
@_set
@_common
def plan(config: str, overrides: tuple[str, ...], as_json: bool, debug: bool) -> None:
    """Print what every phase of CONFIG will do, before a step is trained."""
    from kerastune_ft import api

    document = api.plan(config, overrides).document
    if as_json:
        _print_json(document)
        return
    from kerastune_ft.reporting.tables import plan_table

    _show(plan_table(dict(document)))


@main.command()
@click.argument("name")
@click.option("--variables", is_flag=True, help="List the variable paths of every unit.")
@_common
def units(name: str, variables: bool, as_json: bool, debug: bool) -> None:
    """Print the units of a backbone NAME, of a configuration, or of a run, each with the text to paste."""
    from kerastune_ft import api

    rows = api.units(name)
    if as_json:
        _print_json(rows)
        return
    from kerastune_ft.reporting.tables import units_table

    _show(units_table(rows))
    if variables:
        for row in rows:
            for path in row["variable_paths"]:
                click.echo(f"{row['id']:<20} {path}")


@main.command()
@_common
def backbones(as_json: bool, debug: bool) -> None:
    """List the backbones there are."""
    from kerastune_ft import registry
    from kerastune_ft.reporting.tables import backbones_table

    rows = registry.backbones()
    _print_json(rows) if as_json else _show(backbones_table(rows))


@main.command()
@_common
def tasks(as_json: bool, debug: bool) -> None:
    """List the tasks there are."""
    _list("tasks", as_json)


@main.command()
@_common
def datasets(as_json: bool, debug: bool) -> None:
    """List where data can come from."""
    _list("datasets", as_json)


def _list(what: str, as_json: bool) -> None:
    from kerastune_ft import registry
    from kerastune_ft.reporting.tables import listing

    rows = getattr(registry, what)()
    _print_json(rows) if as_json else _show(listing(rows))


@main.command()
@click.option("--defaults", is_flag=True, help="Show every default instead.")
@_common
def schema(defaults: bool, as_json: bool, debug: bool) -> None:
    """Print the JSON schema of configurations, for editors."""
    from kerastune_ft.config import schema as schemas

    _print_json(schemas.defaults() if defaults else schemas.json_schema())


@main.command()
@click.argument("run")
@click.option("--split", help="A split of the run's own data; by default test.")
@click.option("--data", help="Other data instead: a folder with the same classes.")
@_common
def evaluate(run: str, split: str | None, data: str | None, as_json: bool, debug: bool) -> None:
    """Print the metrics of the final model of RUN."""
    from kerastune_ft import api

    metrics = api.evaluate(run, data=data, split=split)
    name = data or split or "test"
    if as_json:
        _print_json({name: metrics})
        return
    from kerastune_ft.reporting.tables import metrics_table

    _show(metrics_table({name: metrics}))


@main.command()
@click.argument("run")
@_common
def report(run: str, as_json: bool, debug: bool) -> None:
    """Write the report of RUN anew from its files."""
    from kerastune_ft import api
    from kerastune_ft.reporting import document

    opened = api.open_run(run)
    path = opened.report()
    _print_json(document.summary(opened.path)) if as_json else click.echo(str(path))
