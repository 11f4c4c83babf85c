"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
