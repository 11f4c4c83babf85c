"""Data sets by their TensorFlow Datasets name: the embedded ones, and any that has been prepared on this machine."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data import embedded
from kerastune_ft.data.kinds import embedded as generated
from kerastune_ft.data.source import DataSource, Report


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an embedded data set without TensorFlow Datasets, or a prepared builder through it."""
    if options.name not in embedded.NAMES:
        from kerastune_ft.data.kinds import prepared

        return prepared.open_source(options, task_options, cache_directory, report)
    return generated.open_source(options, task_options, cache_directory, report)
