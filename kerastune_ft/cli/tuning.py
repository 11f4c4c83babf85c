"""The commands that try several trainings of a configuration, or a part of one: search, crossvalidate, find-rate."""

from __future__ import annotations

import shlex

import click

from kerastune_ft.cli.options import set_option
from kerastune_ft.cli.terminal import common, echo, print_json, print_outcome, show, tolerate_lost_output


@click.command()
@click.argument("config")
@click.argument("space")
@click.option(
    "--trials", type=click.IntRange(min=1), help="The trials in all; by default 20, a small grid, or as --for allows."
)
@click.option("--for", "time", metavar="DURATION", help="Stop after this time, as in 20m; the same command continues.")
@click.option("--sampler", default="tpe", show_default=True, metavar="tpe|random|grid", help="What proposes trials.")
@click.option("--metric", metavar="NAME", help="Compare by this; by default the monitor of the last phase.")
@click.option("--seed", type=click.IntRange(min=0), help="The seed of proposals; by default that of CONFIG.")
@click.option(
    "--objective",
    default="validation",
    show_default=True,
    metavar="validation|crossvalidate",
    help="Measure trials on the validation split, or on every fold.",
)
@click.option("--folds", type=click.IntRange(min=2), help="The folds of crossvalidate; by default as there.")
@click.option("--no-prune", is_flag=True, help="Train hopeless trials to their end too.")
@click.option("--run-dir", help="The directory of the search; by default runs/<name>-search-<n>.")
@click.option("--directory", help="The directory that holds searches; by default output.directory.")
@click.option("--output", metavar="FILE", help="Write the best configuration here too.")
@click.option("--fresh", is_flag=True, help="Begin a new search; one in --run-dir is moved aside.")
@set_option
@common
def search(
    config: str,
    space: str,
    trials: int | None,
    time: str | None,
    sampler: str,
    metric: str | None,
    seed: int | None,
    objective: str,
    folds: int | None,
    no_prune: bool,
    run_dir: str | None,
    directory: str | None,
    output: str | None,
    fresh: bool,
    overrides: tuple[str, ...],
    as_json: bool,
    debug: bool,
) -> None:
    """Try values of SPACE, a JSON file or object, for keys of CONFIG; run it again to continue."""
    from kerastune_ft.api import search as searching

    found = searching.search(
        config, space, run_dir, directory, trials=trials, time=time, sampler=sampler, metric=metric, seed=seed,
        prune=not no_prune, fresh=fresh, output=output, objective=objective, folds=folds, overrides=overrides,
    )  # fmt: skip
    with tolerate_lost_output(f"the search is in {found.path}"):
        if as_json:
            print_json(found.to_json())
            return
        if found.trials:
            show(found.terminal_table)
        for sentence in found.describe():
            echo(sentence)
        if found.best is not None:
            best = shlex.quote(str(output or found.best_path))
            command = "run" if found.settings.folds is None else "crossvalidate"
            click.echo(f"next: open {found.path}/report/index.html, or: python -m kerastune_ft {command} {best}")


@click.command()
@click.argument("config")
@click.option("--folds", type=click.IntRange(min=2), help="How many folds; by default those of data.splits, or 5.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How often all is made, with other folds and draws.",
)
@click.option("--run-dir", help="The run directory; by default runs/<name>-folds-<n>.")
@set_option
@click.option("--fresh", is_flag=True, help="Start over; an earlier one in --run-dir is moved aside.")
@click.option("--stop-after", metavar="DURATION", help="Stop after this time, as in 3h50m; the same command continues.")
@common
def crossvalidate(
    config: str,
    folds: int | None,
    seeds: int,
    run_dir: str | None,
    overrides: tuple[str, ...],
    fresh: bool,
    stop_after: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    """Train CONFIG on every fold, and make an ensemble of the models; run it again to continue."""
    from kerastune_ft.api import folds as validation
    from kerastune_ft.reporting.fold_lines import list_means
    from kerastune_ft.reporting.terminal.folds_table import build_folds_table
    from kerastune_ft.reporting.terminal.tables import build_rows_table

    done = validation.crossvalidate(
        config, folds, seeds, run_dir, fresh=fresh, stop_after=stop_after, overrides=overrides
    )
    with tolerate_lost_output(f"the cross-validation is in {done.path}"):
        if as_json:
            print_json(
                {
                    "run": str(done.path),
                    "state": done.manifest.get("state"),
                    "folds": list(done.folds),
                    "summary": done.summary,
                    "metrics": done.metrics,
                    "intervals": done.intervals,
                    "examples": done.examples,
                }
            )
            return
        show(build_folds_table(done.folds))
        show(build_rows_table(list_means(done.results)))
        print_outcome(done, config, overrides)


@click.command("find-rate")
@click.argument("config")
@click.option("--phase", metavar="NAME", help="The phase to sweep; by default the first that has a learning rate.")
@click.option(
    "--write",
    is_flag=False,
    flag_value="valley",
    metavar="[valley|steepest]",
    help="Write a suggestion into CONFIG, by default the valley.",
)
@click.option("--plot", metavar="FILE", help="Write the curve to a .png or .html file.")
@click.option("--steps", type=int, default=100, show_default=True, help="The steps of the sweep.")
@click.option("--low", type=float, default=1e-7, show_default=True, help="The rate of the first step.")
@click.option("--high", type=float, default=10.0, show_default=True, help="The rate of the last step.")
@click.option("--run-dir", help="The run with the phases before; by default that of CONFIG, as run takes it.")
@set_option
@common
def find_rate(
    config: str,
    phase: str | None,
    write: str | None,
    plot: str | None,
    steps: int,
    low: float,
    high: float,
    run_dir: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
    debug: bool,
) -> None:
    """Sweep the learning rate of a phase of CONFIG and suggest one; nothing else changes."""
    from kerastune_ft.api.tuning import find_rate as finding

    if plot is not None:
        finding.check_target(plot)
    found = finding.find_rate(
        config, phase, write=write or False, steps=steps, low=low, high=high, run_dir=run_dir, overrides=overrides
    )
    # Before the picture: the sweep is not lost where there is no room for that.
    print_json(found.to_json()) if as_json else echo(str(found))
    if plot is not None:
        found.save(plot)
    if as_json:
        return
    if found.suggestions and write is None:
        given = [config, *(word for each in overrides for word in ("--set", each)), "--phase", found.phase]
        given += ["--run-dir", run_dir] if run_dir else []
        click.echo(f"next: python -m kerastune_ft find-rate {shlex.join(given)} --write")
