"""Data sets by their TensorFlow Datasets name: the embedded ones, and any that has been prepared on this machine."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.config.data import TfdsData
from kerastune_ft.config.tasks import Task
from kerastune_ft.data import embedded, generated
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.errors import ConfigError


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an embedded data set without TensorFlow Datasets, or a prepared builder through it."""
    if options.name not in embedded.NAMES:
        from kerastune_ft.data import prepared

        return prepared.open_source(options, task_options, cache_directory, report)
    for key in ("data_dir", "input", "label"):
        if getattr(options, key) is not None:
            raise ConfigError(
                f"data.{key}: has no effect on the embedded data set {options.name}, which comes with the package.\n"
                "Remove the key."
            )
    return generated.open_source(options, task_options, cache_directory, report)
