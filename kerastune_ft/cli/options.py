"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from kerastune_ft.cli.terminal import show

set_option = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a key, as in phases.head.epochs=2."
)


explain_option = click.option("--explain", is_flag=True, help="Show where the value of every key comes from.")


def explain_origins(explain: bool, config: str, overrides: Sequence[str]) -> dict[str, list[Any]]:
    """Return what --explain adds to JSON output: the origin of every key's value."""
    from kerastune_ft.config import provenance

    return {"origins": [row.to_json() for row in provenance.explain(config, overrides)]} if explain else {}


def show_origins(config: str, overrides: Sequence[str]) -> None:
    """Print where the value of every key comes from."""
    from kerastune_ft.config import provenance
    from kerastune_ft.reporting.terminal.tables import build_rows_table

    show(build_rows_table([row.cells() for row in provenance.explain(config, overrides)]))


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of commands that train."""
    for option in reversed(
        (
            click.argument("config"),
            click.option("--run-dir", help="The run directory; by default runs/<name>-<n>."),
            set_option,
            click.option("--fresh", is_flag=True, help="Start over; an earlier run in --run-dir is moved aside."),
            click.option("--until-phase", metavar="NAME", help="Stop after this phase."),
            click.option(
                "--stop-after",
                metavar="DURATION",
                help="Stop after this time, as in 3h50m; the same command continues.",
            ),
        )
    ):
        command = option(command)
    return command


_GENERATION = (
    click.option("--max-new-tokens", type=click.IntRange(min=1), help="Of texts: the most tokens of an answer."),
    click.option(
        "--temperature", type=click.FloatRange(min=0), help="Of texts: above 0 tokens are drawn, by the seed."
    ),
    click.option("--top-k", type=click.IntRange(min=1), help="Of texts: draw among so many most probable tokens."),
    click.option(
        "--top-p",
        type=click.FloatRange(0, 1, min_open=True),
        help="Of texts: draw among the most probable tokens that have this probability together.",
    ),
    click.option("--stop", multiple=True, metavar="TEXT", help="Of texts: end an answer before this text."),
    click.option("--seed", type=int, help="Of texts: the seed of drawn tokens; by default the run's."),
)


def generation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how texts are written."""
    for option in reversed(_GENERATION):
        command = option(command)
    return command


def choose_options(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return those options of `generation_options` that are given, by name."""
    return tuple(sorted((name, value) for name, value in options.items() if value not in (None, ())))
