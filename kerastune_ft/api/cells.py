"""Calls in a cell of a notebook: what they say is one output, and the stop button ends them in a sentence."""

from __future__ import annotations

import functools
import signal
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from kerastune_ft.api.call_check import check_call
from kerastune_ft.errors import Interrupted
from kerastune_ft.notebook.kernel import is_notebook
from kerastune_ft.quiet_imports import without_remarks_of_tensorflow
from kerastune_ft.reporting.notebook.panel import open_panel
from kerastune_ft.rundir import RunDirectory

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_SIGNALS = {each.name for each in signal.Signals}


def show_in_cell(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Return a function that does the same and, in a notebook, says all in one output that is updated in place.

    Where the stop button of the notebook interrupts it, it raises Interrupted, which is shown as one sentence; where
    the call has other arguments than the function, ConfigError.
    """

    @functools.wraps(function)
    def call(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        check_call(function, arguments, options)
        if not is_notebook():
            return function(*arguments, **options)
        # What tqdm says where it is imported; none of its bars is shown.
        warnings.filterwarnings("ignore", "IProgress not found")
        with open_panel(), without_remarks_of_tensorflow():
            try:
                return function(*arguments, **options)
            except KeyboardInterrupt:
                raise Interrupted("stopped; what was finished before is kept: run this cell again to go on") from None

    return call


def describe_stop(target: RunDirectory, error: BaseException) -> str:
    """Return in one sentence how far a run came that was stopped, where it is kept, and how to go on."""
    manifest = target.manifest() or {}
    phase, epoch = manifest.get("phase"), manifest.get("epoch")
    where = f" in phase {phase}" if phase else ""
    where += f" after epoch {epoch}" if phase and epoch else ""
    reason, is_reason, _ = str(error).partition(": stopped")
    why = f", {reason}" if is_reason and reason not in _SIGNALS else ""
    kept = "what was trained is kept" if phase else "nothing was trained yet"
    call = f'kt.run("{target}/config.json", run_dir="{target}")'
    return f"stopped{where}{why}: {kept}; run this cell again to go on, or call  {call}"
