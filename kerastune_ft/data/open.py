"""Opening the data that a configuration describes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import explain_unreachable


def open_source(options: Any, task_options: Any, cache_directory: Path, report: Report) -> DataSource:
    """Open the data that `options` describe, checked whole, or raise DataError naming all that is wrong.

    Whatever has to be unpacked, generated or remembered is kept in `cache_directory`; `report` is told of slow work.
    """
    module = source_module(options, task_options)
    _make(cache_directory)
    with explain_unreachable("data.path"):
        return module.open_source(options, task_options, cache_directory, report)


def source_module(options: Any, task_options: Any) -> Any:
    """Return the module that opens such data for such a task, with `open_source` and `open_unsplit`."""
    what = facts(task_options).modality
    # Files are opened alike, whatever is in them.
    is_sound = what == "audio" and options.kind in ("tfds", "arrays")
    prefix = "text_" if what == "text" else "sound_" if is_sound else ""
    return importlib.import_module(f"kerastune_ft.data.kinds.{prefix}{options.kind}")


def _make(cache_directory: Path) -> None:
    try:
        cache_directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"runtime.cache_directory: {cache_directory} cannot be made ({(error.strerror or str(error)).lower()}); "
            "name a folder of a local disk that you may write to, there or in the environment variable KERASTUNE_CACHE"
        ) from error
