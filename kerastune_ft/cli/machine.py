"""The commands on the machine: doctor, fetch."""

from __future__ import annotations

import click

from kerastune_ft.cli.options import set_option
from kerastune_ft.cli.terminal import common, echo, print_json


@click.command()
@click.option("--network", is_flag=True, help="Ask the hosts of weights, presets and data sets whether they answer.")
@click.option("--selftest", is_flag=True, help="Prove the promises on these devices by small runs, in a minute or two.")
@click.option(
    "--replicas", type=click.IntRange(min=2), metavar="N", help="With --selftest: compare N devices with one, not 2."
)
@common
def doctor(network: bool, selftest: bool, replicas: int | None, as_json: bool, debug: bool) -> int:
    """Examine versions, devices, memory, disk, caches and settings: what is broken or missing, and what mends it.

    Lines are made to be shown to others: the home directory is written ~, and secrets are left out.
    """
    if selftest:
        if network:
            raise click.UsageError("--selftest needs no network; leave --network out")
        return _prove(replicas, as_json)
    if replicas is not None:
        raise click.UsageError("--replicas goes with --selftest")
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


def _prove(replicas: int | None, as_json: bool) -> int:
    from kerastune_ft.doctor.examine import describe_system
    from kerastune_ft.doctor.probe import ask_tensorflow
    from kerastune_ft.doctor.selftest.selftest import choose_devices, prove

    verdicts = prove(choose_devices(ask_tensorflow(), replicas), describe_system())
    # To be pasted as it is: no line is broken.
    print_json(verdicts.to_json()) if as_json else click.echo(str(verdicts))
    return verdicts.exit_code


@click.command()
@click.argument("config")
@click.option("--output", metavar="DIR", help="One folder for all, which can be copied; by default the usual caches.")
@click.option("--wheels", metavar="DIR", help="Gather the wheels of this installation there, too.")
@set_option
@common
def fetch(
    config: str, output: str | None, wheels: str | None, overrides: tuple[str, ...], as_json: bool, debug: bool
) -> None:
    """Gather weights, preset and data of CONFIG where there is a network, with checksums, so that runs need none."""
    from kerastune_ft.fetching.fetch import fetch as gather

    gathered = gather(config, overrides, output=output, wheels=wheels)
    print_json(gathered.to_json()) if as_json else echo(str(gathered))
