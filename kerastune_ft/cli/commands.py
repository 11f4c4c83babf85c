"""The program: all commands in one click group. Results go to standard output, progress to standard error."""

from __future__ import annotations

import click

from kerastune_ft.cli import chat, check, data, export, machine, models, results, serve, training, tuning
from kerastune_ft.cli.terminal import Program

_COMMANDS = (
    *(training.run, training.launch, training.validate, training.plan),
    *(tuning.search, tuning.crossvalidate, tuning.find_rate),
    *(data.init, data.cache, check.check),
    *(results.runs, results.evaluate, results.predict, results.report, results.compare, results.verify),
    *(export.export, export.benchmark),
    *(serve.serve, chat.chat),
    *(models.units, models.backbones, models.tasks, models.datasets, models.schedules, models.schema),
    *(machine.doctor, machine.fetch),
)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kerastune_ft", prog_name="kerastune-ft")
def main() -> None:
    """Fine-tune pretrained Keras backbones in phases."""


for _command in _COMMANDS:
    main.add_command(_command)
