"""The command line. Results go to standard output, progress and log to standard error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click

from kerastune_ft.cli.terminal import Program, common, print_json, print_outcome, show
from kerastune_ft.config.facts.advice import DEVICES
from kerastune_ft.errors import DataError
from kerastune_ft.inference.rows import FORMATS

_set = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a key, as in phases.head.epochs=2."
)

_explain_option = click.option("--explain", is_flag=True, help="Show where the value of every key came from.")


def _origins(explain: bool, config: str, overrides: Sequence[str]) -> dict[str, list[Any]]:
    """Return what --explain adds to a result: the origin of every key."""
    from kerastune_ft.config import provenance

    return {"origins": [row.to_json() for row in provenance.explain(config, overrides)]} if explain else {}


def _show_origins(config: str, overrides: Sequence[str]) -> None:
    from kerastune_ft.config import provenance
    from kerastune_ft.reporting.terminal.tables import listing

    show(listing([row.cells() for row in provenance.explain(config, overrides)]))


def _of_a_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a command that trains takes."""
    for option in reversed(
        (
            click.argument("config"),
            click.option("--run-dir", help="The run directory; by default runs/<name>-<n>."),
            _set,
            click.option("--fresh", is_flag=True, help="Start over; an earlier run in --run-dir is kept aside."),
            click.option("--until-phase", metavar="NAME", help="Stop after this phase."),
            click.option(
                "--stop-after", metavar="DURATION", help="Stop in time, as in 3h50m; the same command goes on."
            ),
        )
    ):
        command = option(command)
    return command


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kerastune_ft", prog_name="kerastune-ft")
def main() -> None:
    """Fine-tune pretrained Keras backbones in phases."""


@main.command()
@_of_a_run
@common
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
    from kerastune_ft.api import training

    done = training.run(
        config, run_dir, fresh=fresh, until_phase=until_phase, stop_after=stop_after, overrides=overrides
    )
    if not done.is_chief:
        return
    if as_json:
        state = done.manifest.get("state")
        print_json({"run": str(done.path), "state": state, "metrics": done.metrics, "constant": done.constant})
        return
    print_outcome(done)


@main.command()
@_of_a_run
@click.option("--workers", type=click.IntRange(min=1), required=True, help="How many processes train together.")
@common
def launch(
    config: str,
    workers: int,
    run_dir: str | None,
    overrides: tuple[str, ...],
    fresh: bool,
    until_phase: str | None,
    stop_after: str | None,
    as_json: bool,
    debug: bool,
) -> int:
    """Run CONFIG in several local processes that train together; again: go on."""
    from kerastune_ft.config.read import read
    from kerastune_ft.training.devices import launch as launching

    # What is wrong is so said once, and not by every worker.
    launching.check(read(config, overrides), until_phase, stop_after)
    overrides = (*overrides, "runtime.strategy=multi_worker")
    named = {"--run-dir": run_dir, "--until-phase": until_phase, "--stop-after": stop_after}
    flags = {"--fresh": fresh, "--json": as_json, "--debug": debug}
    words = ["run", config, *(word for value in overrides for word in ("--set", value))]
    words += [word for name, value in named.items() if value is not None for word in (name, value)]
    return launching.launch(workers, words + [name for name, given in flags.items() if given])


@main.command()
@click.argument("data", required=False)
@click.option("--example", metavar="NAME", help="Copy a configuration that comes with the package instead.")
@click.option("--output", metavar="FILE", help="The file to write; by default <name of DATA>.json.")
@click.option(
    "--label", multiple=True, metavar="COLUMN", help="A label column of a table, where its name does not tell."
)
@common
def init(
    data: str | None, example: str | None, output: str | None, label: tuple[str, ...], as_json: bool, debug: bool
) -> None:
    """Look at DATA (folder, archive, table, .npz) and write a commented starting configuration for it."""
    from kerastune_ft.scaffolding import scaffold as starting

    started = starting.init(data, output, example=example, label=label)
    print_json(started.to_json()) if as_json else click.echo(str(started))


@main.command()
@click.argument("directory", default="runs")
@common
def runs(directory: str, as_json: bool, debug: bool) -> None:
    """List the runs in DIRECTORY (by default runs), the newest last."""
    from kerastune_ft.reporting import run_list as listed
    from kerastune_ft.reporting.terminal.runs_table import runs_table

    rows = listed.runs(directory)
    if as_json:
        print_json(rows)
    elif rows:
        show(runs_table(rows))
        for row in rows:
            if row["message"]:
                click.echo(f"{row['run']}: {row['message']}")
    else:
        click.echo(f"there is no run in {directory}")


@main.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--clear", is_flag=True, help="Delete stored features: all, or those listed for KEY and --older-than.")
@click.option("--older-than", metavar="DURATION", help="Only what was last used so long ago, as in 30d.")
@click.option("--directory", help="The cache directory; by default $KERASTUNE_CACHE or the user's.")
@common
def cache(
    keys: tuple[str, ...], clear: bool, older_than: str | None, directory: str | None, as_json: bool, debug: bool
) -> None:
    """List stored features, or those whose key begins with KEY, and what else the cache directory holds."""
    from kerastune_ft.reporting.terminal.cache_table import cache_table
    from kerastune_ft.stores import inventory as caches

    kept = (caches.clear if clear else caches.kept)(directory, keys, older_than)
    if as_json:
        print_json(kept.to_json())
    else:
        click.echo(str(kept)) if clear else show(cache_table(kept.to_json()))


@main.command()
@click.argument("config")
@_set
@_explain_option
@common
def validate(config: str, overrides: tuple[str, ...], explain: bool, as_json: bool, debug: bool) -> None:
    """Report every problem of CONFIG without looking at model or data."""
    from kerastune_ft.config.read import not_checked, read
    from kerastune_ft.reporting.quantities import counted

    settings = read(config, overrides)
    unchecked = not_checked(settings)
    if as_json:
        print_json(
            {
                "valid": True,
                "name": settings.name,
                "phases": [phase.name for phase in settings.phases],
                "not_checked": unchecked,
                **_origins(explain, config, overrides),
            }
        )
        return
    phases = counted(len(settings.phases), "phase")
    click.echo(f"{config}: no problems; {phases}: {', '.join(phase.name for phase in settings.phases)}")
    click.echo(f"not checked here: {'; '.join(unchecked)} (see: python -m kerastune_ft plan {config})")
    if explain:
        _show_origins(config, overrides)


@main.command()
@click.argument("config")
@_set
@_explain_option
@click.option("--pictures", metavar="FILE", help="Show training examples as phases augment them, in a .png or .html.")
@click.option("--measure", is_flag=True, help="Time some chunks of what phases compute or read; decisions stay.")
@common
def plan(
    config: str,
    overrides: tuple[str, ...],
    explain: bool,
    pictures: str | None,
    measure: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Print what every phase of CONFIG will do, before a step is trained."""
    from kerastune_ft.api import training

    document = training.plan(config, overrides, pictures=pictures, measure=measure).document
    if pictures is not None:
        click.echo(f"{pictures} shows training examples, with their names: pass it on with care", err=True)
    if as_json:
        print_json({**document, **_origins(explain, config, overrides)})
        return
    from kerastune_ft.reporting.terminal.tables import plan_table

    show(plan_table(dict(document)))
    if explain:
        _show_origins(config, overrides)


@main.command()
@click.argument("name")
@click.option("--variables", is_flag=True, help="List the variable paths of every unit.")
@common
def units(name: str, variables: bool, as_json: bool, debug: bool) -> None:
    """Print the units of a backbone NAME, a configuration, a run or a .keras file, each with the text to paste."""
    from kerastune_ft.api import training

    rows = training.units(name)
    if as_json:
        print_json(rows)
        return
    from kerastune_ft.reporting.terminal.tables import units_table

    show(units_table(rows))
    if variables:
        for row in rows:
            for path in row["variable_paths"]:
                click.echo(f"{row['id']:<20} {path}")


@main.command()
@click.option("--examples", type=click.IntRange(min=1), help="Mark those that fit so many training examples.")
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where they will train.")
@common
def backbones(examples: int | None, device: str, as_json: bool, debug: bool) -> None:
    """List the backbones there are, and which of them fit the data and the device."""
    from kerastune_ft import registry
    from kerastune_ft.config.facts import advice

    advised = advice.general(device) if examples is None else (advice.advise(examples, device),)
    rows = registry.backbones(() if examples is None else advised[0].backbones)
    if as_json:
        print_json({"advice": [asdict(one) for one in advised], "backbones": rows})
        return
    from kerastune_ft.reporting.terminal.tables import backbones_table

    show(backbones_table(rows))
    click.echo(
        '"weights" may also be a path or null. "see" names the origin of weights for which Keras states no licence.'
    )
    for one in advised:
        click.echo(f"\n{one.sentence}")
    click.echo(f"\n{advised[0].why_device}")


@main.command()
@common
def tasks(as_json: bool, debug: bool) -> None:
    """List the tasks there are."""
    _list("tasks", as_json)


@main.command()
@common
def datasets(as_json: bool, debug: bool) -> None:
    """List where data can come from."""
    _list("datasets", as_json)


def _list(what: str, as_json: bool) -> None:
    from kerastune_ft import registry
    from kerastune_ft.reporting.terminal.tables import listing

    rows = getattr(registry, what)()
    print_json(rows) if as_json else show(listing(rows))


@main.command()
@click.option("--defaults", is_flag=True, help="Show every default instead.")
@common
def schema(defaults: bool, as_json: bool, debug: bool) -> None:
    """Print the JSON schema of configurations, for editors."""
    from kerastune_ft.config import schema as schemas

    print_json(schemas.defaults() if defaults else schemas.json_schema())


@main.command()
@click.argument("run")
@click.option("--split", help="A split of the run's own data; by default test.")
@click.option(
    "--data", help="Other data instead, with the same labels: a folder or archive, a table or .npz file as the run's."
)
@common
def evaluate(run: str, split: str | None, data: str | None, as_json: bool, debug: bool) -> None:
    """Print the metrics of the final model of RUN."""
    from kerastune_ft.api import training

    metrics = training.evaluate(run, data=data, split=split)
    name = data or split or "test"
    if as_json:
        print_json({name: metrics})
        return
    from kerastune_ft.reporting.terminal.tables import metrics_table

    # That of other data is not known: the run's files hold it for its own splits.
    show(metrics_table({name: metrics}, {} if data else training.open_run(run).constant))


@main.command()
@click.argument("run")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--output", metavar="FILE", help="A .csv, .tsv or .jsonl file; by default standard output.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="On standard output; by default csv.")
@click.option(
    "--input", "column", metavar="NAME", help="What names inputs, or holds texts, in tables, JSON lines, arrays."
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Inputs computed at once; by default 32.")
@common
def predict(
    run: str,
    inputs: tuple[str, ...],
    output: str | None,
    form: str | None,
    column: str | None,
    batch_size: int | None,
    as_json: bool,
    debug: bool,
) -> int:
    """Print what the final model of RUN predicts for every INPUT.

    An INPUT is an image (or WAV file, where RUN is about sounds), a folder, a .zip or .tar of them, a table that names
    them, an .npz file, or - for a path (or JSON object) per line on standard input. Where RUN is about texts, an INPUT
    is a text, a table, a folder of .txt files, an .npz file of strings, or - for a text per line. What cannot be read
    is a row that says why.
    """
    from kerastune_ft.api import training
    from kerastune_ft.inference import command

    chosen = command.checked(inputs, output, form, as_json)
    with training.predictions(run, command.opened(inputs), input=column, batch_size=batch_size) as made:
        told = command.write(made.columns, made.batches, output, chosen)
    if output and as_json:
        print_json({"output": output, "inputs": told.inputs, "errors": told.errors})
    click.echo(str(told), err=True)
    return DataError.exit_code if told.errors == told.inputs else 0


@main.command()
@click.argument("run")
@common
def report(run: str, as_json: bool, debug: bool) -> None:
    """Write the report of RUN anew from its files."""
    from kerastune_ft.api import training
    from kerastune_ft.reporting.page import document

    opened = training.open_run(run)
    path = opened.report()
    print_json(document.summary(opened.path)) if as_json else click.echo(str(path))


@main.command()
@click.argument("run")
@common
def verify(run: str, as_json: bool, debug: bool) -> int:
    """Check everything that RUN claims again: files, weights, frozen variables, figures, the saved model."""
    from kerastune_ft.verification import verify as checking

    verified = checking.verify(run)
    print_json(verified.to_json()) if as_json else click.echo(str(verified))
    return verified.exit_code
