"""The commands on exports: export, benchmark."""

from __future__ import annotations

import shlex
from typing import Any

import click

from kerastune_ft.cli.terminal import common, echo, print_json, show


@click.command()
@click.argument("run")
@click.option(
    "--format", "form", required=True, metavar="NAME", help="onnx, saved_model, litert, keras, preset, transformers."
)
@click.option("--output", metavar="DIR", help="The folder of the export; by default RUN/export/NAME.")
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    help="How many examples of RUN the export is compared on; by default 100.",
)
@click.option("--quantize", metavar="HOW", help="Smaller weights: float16, or dynamic for whole numbers of 8 bits.")
@click.option(
    "--max-loss",
    type=click.FloatRange(min=0),
    help="How many points of the validation split --quantize may lose; by default 1.",
)
@click.option("--calibrated", is_flag=True, help="Probabilities with the temperature that validation chose.")
@common
def export(run: str, form: str, output: str | None, as_json: bool, debug: bool, **options: Any) -> None:
    """Write the model of RUN in a format that its own runtime opens, with predict.py, compared with RUN."""
    from kerastune_ft.api import runs as runs_api

    made = runs_api.open_run(run).export(form, output, **options)
    if as_json:
        print_json(made)
        return
    _show_figures(made)
    place = shlex.quote(made["folder"])
    echo(f"export: {made['folder']}")
    if "use" in made:
        click.echo(f"next: see {place}/README.md")
        return
    click.echo(f"next: python -m kerastune_ft serve {place}, or without this package: python {place}/predict.py INPUT")


@click.command()
@click.argument("export")
@common
def benchmark(export: str, as_json: bool, debug: bool) -> None:
    """Measure the size and latency of EXPORT, a folder that `export` wrote, and print its table."""
    from kerastune_ft.api.use import exports

    found = exports.benchmark(export)
    print_json(found) if as_json else _show_figures(found)


def _show_figures(document: dict[str, Any]) -> None:
    from kerastune_ft.exporting.document import build_rows, list_flips
    from kerastune_ft.reporting.terminal.tables import build_rows_table

    show(build_rows_table(build_rows(document)))
    for sentence in list_flips(document):
        echo(sentence)
