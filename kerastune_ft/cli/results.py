"""The commands on finished runs: runs, evaluate, predict, report, compare, verify."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Any

import click

from kerastune_ft.cli.options import choose_options, generation_options
from kerastune_ft.cli.terminal import common, echo, print_json, show
from kerastune_ft.config.checks.inputs import named_inputs
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.explaining import EXPLAINED
from kerastune_ft.inference.output.rows import FORMATS
from kerastune_ft.metrics.document import DETAILS, EXAMPLES, GROUPS, INTERVALS
from kerastune_ft.storage import expand_home
from kerastune_ft.streams import say, say_error


@click.command()
@click.argument("directory", default="runs")
@common
def runs(directory: str, as_json: bool, debug: bool) -> None:
    """List the runs in DIRECTORY (by default runs), the newest last."""
    from kerastune_ft.reporting import run_list
    from kerastune_ft.reporting.terminal.runs_table import build_runs_table

    rows = run_list.runs(directory)
    if as_json:
        print_json(rows)
    elif rows:
        show(build_runs_table(rows))
        for row in rows:
            if row["message"]:
                echo(f"{row['run']}: {row['message']}")
    else:
        click.echo(f"no runs in {directory}")


@click.command()
@click.argument("run")
@click.option("--split", help="A split of the run's own data; by default test.")
@click.option(
    "--data", help="Other data with the same labels: a folder, archive, table or .npz file, like the run's own data."
)
@click.option(
    "--at",
    multiple=True,
    metavar="AIM",
    help="Figures at the threshold that reaches specificity=0.9, or sensitivity=0.95, on validation.",
)
@click.option("--costs", metavar="FILE", help='JSON of what mistakes cost, as {"missed": 10, "false_alarm": 1}.')
@click.option(
    "--coverage", type=float, metavar="SHARE", help="Sets or intervals that hold the truth with this probability."
)
@click.option("--by", multiple=True, metavar="COLUMN", help="Subgroups by a column of the table, by class or by group.")
@click.option("--views", type=int, metavar="K", help="The mean answer over K augmented views of each example, too.")
@click.option(
    "--sample",
    type=int,
    metavar="N",
    help="Of a model that writes: generate answers for N examples, for ROUGE and exact matches, or error rates.",
)
@click.option("--save", metavar="DIR", help="Write predictions, curves, the worst examples and all figures there.")
@common
def evaluate(
    run: str,
    split: str | None,
    data: str | None,
    at: tuple[str, ...],
    costs: str | None,
    coverage: float | None,
    by: tuple[str, ...],
    views: int | None,
    sample: int | None,
    save: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    """Print the metrics of the final model of RUN.

    Whatever has to be chosen, as a threshold, is chosen on the validation split of the run and measured on the examples
    that are evaluated.
    """
    from kerastune_ft.api import runs as runs_api
    from kerastune_ft.training.judging.questions import read_questions

    questions = read_questions(at, costs, coverage, by, views, save, sample)
    found = runs_api.evaluation(run, data=data, split=split, questions=questions)
    name = _name_metrics(data, split)
    intervals, examples = {name: found.intervals}, {name: found.examples}
    if as_json:
        groups = {} if found.groups is None else {GROUPS: {name: found.groups}}
        print_json({name: found.metrics, INTERVALS: intervals, EXAMPLES: examples, **groups, **found.details})
        return
    from kerastune_ft.reporting.terminal.evaluation_tables import build_evaluation
    from kerastune_ft.reporting.terminal.tables import build_metrics_table

    # The constant baseline is only known for the run's own splits as it measured them.
    constant = runs_api.open_run(run).constant if found.is_as_recorded else {}
    show(build_metrics_table({name: found.metrics}, constant, intervals, examples))
    show(build_evaluation(found.details, found.examples, found.groups, name))
    if save is not None:
        echo(f"written to {questions.save}")


def _name_metrics(data: str | None, split: str | None) -> str:
    """Return the name under which metrics are printed: that of the data, other than the keys beside it, or the split"""
    if data in (INTERVALS, EXAMPLES, GROUPS, *DETAILS):
        return f"./{data}"
    return data or split or "test"


@click.command()
@click.argument("run")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--output",
    metavar="FILE",
    help="A .csv, .tsv or .jsonl file; for masks a folder, for boxes either. By default standard output.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="On standard output; by default csv.")
@click.option(
    "--input",
    "column",
    metavar="NAME",
    help="The column, key or array with the inputs, in tables, JSON lines and .npz files.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="The K most probable classes, not all of them.")
@click.option(
    "--submission",
    metavar="SAMPLE",
    help="A sample submission: its columns and rows are written, with predictions in it.",
)
@click.option("--allow-errors", is_flag=True, help="Keep the sample's own answers for inputs that cannot be read.")
@click.option("--calibrated", is_flag=True, help="Probabilities with the temperature that validation chose.")
@click.option(
    "--coverage",
    type=float,
    metavar="SHARE",
    help="Add the classes, or the interval of values, that hold the truth with this probability, as 0.9.",
)
@click.option(
    "--threshold",
    type=float,
    metavar="SCORE",
    help="Leave out boxes of a lower score; by default those below what validation chose for their class.",
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Inputs per batch; by default 32.")
@generation_options
@common
def predict(
    run: str,
    inputs: tuple[str, ...],
    output: str | None,
    form: str | None,
    column: str | None,
    top: int | None,
    submission: str | None,
    allow_errors: bool,
    calibrated: bool,
    coverage: float | None,
    threshold: float | None,
    batch_size: int | None,
    as_json: bool,
    debug: bool,
    **generate: Any,
) -> int:
    """Print what the final model of RUN predicts for every INPUT.

    An INPUT is an image (or a sound file, where RUN is about sounds), a folder, a .zip or .tar of them, a table that
    names them, an .npz file, or - for a path (or JSON object) per line on standard input. Where RUN is about texts, an
    INPUT is a text, a table, a folder of .txt files, an .npz file of strings, or - for a text per line. An input that
    cannot be read gives a row with the error. A table's own columns stand beside its predictions. Where RUN predicts
    masks, --output names a folder for them, and a table beside them has a row for each. Where it predicts boxes, a
    folder gets the pictures with boxes drawn, and the boxes as detections.csv and detections.json. Where it writes
    texts, an INPUT is a question, or a table of them or of messages, and a row has its answer.
    """
    from kerastune_ft.api import runs as runs_api
    from kerastune_ft.inference import command
    from kerastune_ft.inference.output.form import OutputForm

    scheme = runs_api.mask_scheme(run)
    output = None if output is None else expand_home(output)
    boxes = runs_api.box_scheme(run)
    drawn = scheme or (boxes if command.is_folder(output) else None)
    given_generation = choose_options(generate)
    rows = OutputForm(
        top, submission, allow_errors, calibrated, coverage, given_generation, threshold, drawn is not None
    )
    form = command.check_arguments(inputs, output, form, as_json, scheme is not None, rows, boxes is not None)
    given = command.open_standard_input(inputs)
    # Rows and a bar would share the lines of a terminal.
    has_bars = output is not None or not sys.stdout.isatty()
    with runs_api.predictions(run, given, input=column, batch_size=batch_size, form=rows, has_bars=has_bars) as made:
        summary = command.write_rows(made, output, form, drawn, rows)
    if output and as_json:
        print_json({"output": output, "inputs": summary.inputs, "errors": summary.errors})
    (say_error if summary.errors else say)(str(summary))
    return DataError.exit_code if summary.errors == summary.inputs else 0


@click.command()
@click.argument("run")
@click.option(
    "--explain",
    is_flag=False,
    flag_value=EXPLAINED,
    type=click.IntRange(min=1),
    metavar="[N]",
    help=f"Show what the answers to N test examples rest on, too; {EXPLAINED} by itself.",
)
@common
def report(run: str, explain: int | None, as_json: bool, debug: bool) -> None:
    """Write the report of RUN again from its files."""
    from kerastune_ft.api import runs as runs_api
    from kerastune_ft.cards.build import README, describe_upload

    opened = runs_api.open_run(run)
    problem = None
    try:
        if explain is not None:
            opened.explain(explain)
        path = opened.report()
    except ConfigError as error:
        if not as_json:
            raise
        # The figures can be had, whoever the directory belongs to.
        problem = error
    print_json(opened.summarise()) if as_json else click.echo(str(path))
    if (opened.path / README).exists():
        upload = describe_upload(str(opened.config["name"]), opened.path / "model")
        say(f"{opened.path / README} is its model card; to publish both: {upload}")
    if problem is not None:
        click.echo(f"the page is not written: {problem}", err=True)
    known = facts(opened.config["task"])
    if known.writes:
        say(f"next: python -m kerastune_ft serve {shlex.quote(run)}")
    elif known.hides_words:
        # It is a step on the way, and is not exported.
        say(f'next: begin a run on labels with its model: "backbone": {{"kind": "run", "path": {json.dumps(run)}}}')
    elif named_inputs(opened.config["data"]) is None:
        say(f"next: python -m kerastune_ft export {shlex.quote(run)} --format onnx")


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--html", metavar="FILE", help="Write a page with tables and curves over each other, too.")
@common
def compare(runs: tuple[str, ...], html: str | None, as_json: bool, debug: bool) -> None:
    """Compare runs: settings, metrics on the same examples, phases, cost.

    Differences are from the first RUN, with intervals of 95 % by the paired bootstrap and McNemar's exact test.
    """
    from kerastune_ft.api.compare import compare as compare_runs

    found = compare_runs(*runs)
    page = None if html is None else found.write_html(html)
    print_json({**found, **({"page": str(page)} if page else {})}) if as_json else show(found.tables)
    if page is not None and not as_json:
        echo(f"page: {page}")


@click.command()
@click.argument("run")
@common
def verify(run: str, as_json: bool, debug: bool) -> int:
    """Verify RUN again from its files: hashes, weights, frozen variables, metrics, the saved model."""
    from kerastune_ft.verification import verify as checking

    verified = checking.verify(run)
    print_json(verified.to_json()) if as_json else echo(str(verified))
    return verified.exit_code
