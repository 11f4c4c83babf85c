"""The commands that list things: units, backbones, tasks, datasets, schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from click.core import ParameterSource

from kerastune_ft.cli.options import set_option
from kerastune_ft.cli.terminal import common, echo, print_json, show
from kerastune_ft.config.facts.advice import DEVICES
from kerastune_ft.config.presets import AUTO


@click.command()
@click.argument("name")
@click.option("--variables", is_flag=True, help="List the variable paths of every unit.")
@common
def units(name: str, variables: bool, as_json: bool, debug: bool) -> None:
    """Print the units of a backbone, given its NAME, a configuration, a run or a .keras file, for use in unfreeze."""
    from kerastune_ft.api import training

    rows = training.units(name)
    if as_json:
        print_json(rows)
        return
    from kerastune_ft.reporting.terminal.tables import build_units_table

    show(build_units_table(rows))
    if variables:
        for row in rows:
            for path in row["variable_paths"]:
                click.echo(f"{row['id']:<20} {path}")


@click.command()
@click.option("--examples", type=click.IntRange(min=1), help="Mark backbones that suit this many training examples.")
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="The device for training.")
@click.option("--on", "config", metavar="CONFIG", help="Rank the backbones that are here on the data of CONFIG.")
@click.option("--for", "duration", metavar="DURATION", help="With --on: try for this long, as in 10m; else all.")
@click.option(
    "--candidate",
    "candidates",
    multiple=True,
    metavar="NAME|PATH|JSON",
    help="With --on: try this one too: a preset, .keras file, run, architecture or backbone section.",
)
@click.option("--download", is_flag=True, help="With --on: try suitable architectures that must be downloaded.")
@set_option
@common
def backbones(
    examples: int | None,
    device: str,
    config: str | None,
    duration: str | None,
    candidates: tuple[str, ...],
    download: bool,
    overrides: tuple[str, ...],
    as_json: bool,
    debug: bool,
) -> None:
    """List all backbones, and which of them suit the data and the device, or rank those that are here."""
    if config is not None:
        _refuse_general("examples", "device")
        _rank(config, duration, candidates, download, overrides, as_json)
        return
    if duration or candidates or download or overrides:
        raise click.UsageError("--for, --candidate, --download and --set go with --on CONFIG")
    from kerastune_ft import registry
    from kerastune_ft.config.facts import advice

    advised = advice.general(device) if examples is None else (advice.advise(examples, device),)
    rows = registry.backbones(() if examples is None else advised[0].backbones)
    if as_json:
        print_json({"advice": [asdict(one) for one in advised], "backbones": rows})
        return
    from kerastune_ft.reporting.terminal.tables import build_backbones_table

    show(build_backbones_table(rows))
    echo('"weights" may also be a path or null. "see" names the origin of weights for which Keras states no licence.')
    for one in advised:
        echo(f"\n{one.sentence}")
    echo(f"\n{advised[0].why_device}")


def _refuse_general(*names: str) -> None:
    """Raise UsageError for options of the general advice, which the data of a configuration make idle."""
    context = click.get_current_context()
    if given := [f"--{name}" for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]:
        raise click.UsageError(
            f"{' and '.join(given)}: with --on CONFIG its data and this machine say that; leave it out"
        )


def _rank(
    config: str,
    duration: str | None,
    candidates: tuple[str, ...],
    download: bool,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    from kerastune_ft.api.backbones import rank_backbones

    found = rank_backbones(config, duration, candidates=candidates, download=download, overrides=overrides)
    if as_json:
        print_json(found.document)
        return
    from kerastune_ft.reporting.terminal.ranking_table import build_ranking_table, describe_ranking

    show(build_ranking_table(found.document))
    for sentence in describe_ranking(found.document):
        echo(sentence)


@click.command()
@common
def tasks(as_json: bool, debug: bool) -> None:
    """List all tasks."""
    _list("tasks", as_json)


@click.command()
@click.argument("name", required=False)
@click.option("--output", metavar="DIR", help="Write the embedded data set NAME into DIR, as a table, and pictures.")
@common
def datasets(name: str | None, output: str | None, as_json: bool, debug: bool) -> None:
    """List the embedded data sets and the kinds of data that can be read; with --output write NAME as files."""
    if name is None and output is None:
        _list("datasets", as_json)
        return
    if name is None or output is None:
        raise click.UsageError("a data set is written by its NAME into --output DIR; without both they are listed")
    from kerastune_ft.data.embedded.write_files import write_files

    table = write_files(name, Path(output))
    print_json({"table": str(table)}) if as_json else echo(f"wrote {table}")


@click.command()
@click.argument("name", required=False)
@common
def schedules(name: str | None, as_json: bool, debug: bool) -> None:
    """List the presets of phases, each with its paper; of NAME print the phases, to paste into a configuration."""
    from kerastune_ft import registry
    from kerastune_ft.reporting.terminal.tables import build_rows_table

    rows = registry.schedules(name)
    if as_json:
        print_json(rows)
    elif name is None:
        show(build_rows_table([{key: row[key] for key in ("name", "what", "source")} for row in rows]))
        echo("the phases of one of them, to paste and change: python -m kerastune_ft schedules NAME")
    else:
        (row,) = rows
        echo(f"{row['what']}\nfrom: {row['source']}")
        for key, allowed in row["options"].items():
            echo(f"option {key}: {allowed}")
        if row["phases"] == AUTO:
            echo(f'"phases": "{AUTO}"\na run chooses them on your data; without a run: plan CONFIG --resolve')
            return
        phases = ",\n  ".join(json.dumps(phase) for phase in row["phases"])
        echo(f'"phases": [\n  {phases}\n]')


def _list(what: str, as_json: bool) -> None:
    from kerastune_ft import registry
    from kerastune_ft.reporting.terminal.tables import build_rows_table

    rows = getattr(registry, what)()
    print_json(rows) if as_json else show(build_rows_table(rows))


@click.command()
@click.option("--defaults", is_flag=True, help="Show every default instead.")
@common
def schema(defaults: bool, as_json: bool, debug: bool) -> None:
    """Print the JSON schema of configurations, for editors."""
    from kerastune_ft.config import schema as schemas

    print_json(schemas.defaults() if defaults else schemas.json_schema())
