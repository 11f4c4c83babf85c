"""The commands on the machine: doctor."""

from __future__ import annotations

import click

from kerastune_ft.cli.terminal import common, echo, print_json


@click.command()
@click.option("--network", is_flag=True, help="Ask the hosts of weights, presets and data sets whether they answer.")
@common
def doctor(network: bool, as_json: bool, debug: bool) -> int:
    """Examine versions, devices, memory, disk, caches and settings: what is broken or missing, and what mends it.

    All lines may be shown to others: the home directory is written ~, and secrets are left out.
    """
    from kerastune_ft.doctor.examine import Examination, examine
    from kerastune_ft.doctor.finding import hide_home

    sections = []
    for section in examine(network=network):
        sections.append(section)
        if not as_json:
            echo(hide_home(str(section)))
    examination = Examination(sections)
    print_json(examination.to_json()) if as_json else echo(examination.conclusion)
    return examination.exit_code
