"""The model of a finished run, opened for a command: what stands in the way is explained, and work is watched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kerastune_ft.api.engine import load_engine
from kerastune_ft.api.finished import describe_damage, explain_faults, note_use, read_settings
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import explain_exhaustion, explain_memory
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.streams import say_error
from kerastune_ft.training.watch import Watcher


@contextlib.contextmanager
def open_model(
    target: RunDirectory, work: str, remedy: str, *, has_bars: bool = True, shows_figures: bool = False
) -> Iterator[tuple[RunConfig, Watcher]]:
    """Load the engine for work on the model of a run; give the run's configuration and a watcher of the work.

    Where the memory is full, `work` says in what, as "in an export", and `remedy` what to do. Files that are not what
    the run wrote are named; with `shows_figures` so are those of figures, though the model is whole.
    """
    watch = create_watcher(lambda line: None, has_bars)
    with explain_exhaustion(), explain_memory(work, remedy), explain_faults(target), contextlib.closing(watch):
        settings = read_settings(target)
        note_use(target, watch)
        if shows_figures and (damaged := describe_damage(target)):
            say_error(f"{target}: {damaged}")
        load_engine()
        yield settings, watch
