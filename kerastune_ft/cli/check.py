"""The command that checks data before it is trained on."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kerastune_ft.cli.options import set_option
from kerastune_ft.cli.terminal import common, echo, print_json, show
from kerastune_ft.errors import DataError

if TYPE_CHECKING:
    from kerastune_ft.api.check import DataCheck


@click.command()
@click.argument("config")
@click.option("--output", metavar="DIR", help="The folder for page and list; by default runs/<name>-check.")
@click.option("--strict", is_flag=True, help="End with exit code 3 where something is wrong.")
@set_option
@common
def check(
    config: str, output: str | None, strict: bool, overrides: tuple[str, ...], as_json: bool, debug: bool
) -> None:
    """Look for copies, leaks, doubtful labels and odd examples in the data of CONFIG, and list what may be left out."""
    from kerastune_ft.api.check import check as check_data

    found = check_data(config, output, overrides=overrides)
    if as_json:
        print_json(found.document)
    else:
        _show(found, [config, *(word for each in overrides for word in ("--set", each))])
    if strict and found.faults:
        titles = [found.findings[kind]["title"] for kind in found.faults]
        raise DataError(f"check --strict: the data has {', '.join(titles)}; see {found.folder}/index.html")


def _show(found: DataCheck, words: Sequence[str]) -> None:
    from kerastune_ft.inspection.table import build_check_table, describe_check

    if found.document["findings"]:
        show(build_check_table(found.document))
    for sentence in describe_check(found.document):
        echo(sentence)
    click.echo(f"page: {found.folder}/index.html")
    echo(f"next: python -m kerastune_ft plan {shlex.join(words)}")
