"""The commands that look for good settings: search."""

from __future__ import annotations

import shlex

import click

from kerastune_ft.cli.options import set_option
from kerastune_ft.cli.terminal import common, echo, print_json, show, tolerate_lost_output


@click.command()
@click.argument("config")
@click.argument("space")
@click.option("--trials", type=click.IntRange(min=1), help="The trials in all; by default 20, or as --for allows.")
@click.option("--for", "time", metavar="DURATION", help="Stop after this time, as in 20m; the same command continues.")
@click.option("--sampler", default="tpe", show_default=True, metavar="tpe|random|grid", help="What proposes trials.")
@click.option("--metric", metavar="NAME", help="Compare by this; by default the monitor of the last phase.")
@click.option("--seed", type=click.IntRange(min=0), help="The seed of proposals; by default that of CONFIG.")
@click.option("--no-prune", is_flag=True, help="Train hopeless trials to their end too.")
@click.option("--run-dir", help="The directory of the search; by default runs/<name>-search-<n>.")
@click.option("--directory", help="The directory that holds searches; by default output.directory.")
@click.option("--output", metavar="FILE", help="Write the best configuration here too.")
@click.option("--fresh", is_flag=True, help="Begin a new search.")
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
        prune=not no_prune, fresh=fresh, output=output, overrides=overrides,
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
            click.echo(f"next: open {found.path}/report/index.html, or: python -m kerastune_ft run {best}")
