"""Importing TensorFlow: what is printed before it has a log goes nowhere, and what it makes is left alone."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from typing import IO

# Keras and TensorFlow take a second and more to import them, where they are, for what no command uses.
_UNUSED = ("sklearn", "pandas", "matplotlib", "scipy")
_FLAGS = ("XLA_FLAGS", "TF_XLA_FLAGS")
# What SentencePiece inside TensorFlow Text says of each model that changes no characters. Its log has a level that
# nothing outside can set.
_OF_SENTENCE_PIECE = b"LOG(INFO) precompiled_charsmap is empty."
_is_own = False


def own_process() -> None:
    """Declare that this process runs one command only.

    Optional imports of Keras may then be left out, and no warning ends the command, as PYTHONWARNINGS=error would.
    Matplotlib does not remark that it has no folder for its settings.
    """
    global _is_own
    _is_own = True
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    if any(action == "error" for action, *_ in warnings.filters):
        # All are shown once instead.
        warnings.resetwarnings()


def is_own_process() -> bool:
    """Return whether this process runs one command of this package and nothing else."""
    return _is_own


@contextlib.contextmanager
def tensorflow_import() -> Iterator[None]:
    """Import TensorFlow, alone or with what needs it, without noise and without looking for garbage among its parts."""
    # Where the caller has it already, there may be models too, and those do not last.
    lasting = contextlib.nullcontext() if "tensorflow" in sys.modules else _lasting()
    with _hold_interrupts_back(), _silence(), lasting, _hide_unused_modules():
        yield


@contextlib.contextmanager
def _hold_interrupts_back() -> Iterator[None]:
    """Let the stop button of a notebook wait until the import is done.

    TensorFlow and Keras cannot be imported again where half of them was, and a kernel goes on after the button. A
    process of our own ends, and so need not wait.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    # A handler that was not set from Python is None, and could not be set again.
    if _is_own or not is_main or before is None:
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Discard what is written to standard error meanwhile, by C++ code too, unless TF_CPP_MIN_LOG_LEVEL asks for it."""
    # TensorFlow ends the process for flags that it does not know, and says which there alone.
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") < "2" or any(map(os.environ.get, _FLAGS)):
        yield
        return
    with open(os.devnull, "wb") as nowhere, _standard_error_in(nowhere):
        yield


@contextlib.contextmanager
def _standard_error_in(file: IO[bytes]) -> Iterator[None]:
    """Let standard error be a file meanwhile, for C++ code too; where it is closed, it stays so."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _hide_unused_modules() -> Iterator[None]:
    """Let Keras find that what it only uses where it is there is not; afterwards it is there again."""
    hidden = [name for name in _UNUSED if _is_own and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def _lasting() -> Iterator[None]:
    """Keep the collector of garbage off what is made meanwhile: modules live as long as the process.

    Their half a million objects would be searched a thousand times while they are made, again whenever much is made
    later, and at exit: more than a fifth of the import, and more than a second at the end.
    """
    # What is garbage already must not be kept with the rest.
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def without_warnings_of_keras() -> Iterator[None]:
    """Leave out what Keras warns of where models are made or opened.

    That is masks which attention of keras-hub takes and does not pass on, optimizers and names of inputs in files,
    which are not used, and the way of NumPy 1 in which Keras copies variables when it saves a model.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy keyword", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


@contextlib.contextmanager
def without_remarks_of_tensorflow() -> Iterator[None]:
    """Leave out what the logger of TensorFlow says below a warning: in a notebook it says more than in a script."""
    logger = logging.getLogger("tensorflow")

    def is_warning(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    logger.addFilter(is_warning)
    try:
        yield
    finally:
        logger.removeFilter(is_warning)


@contextlib.contextmanager
def without_remarks_of_sentence_piece() -> Iterator[None]:
    """Leave out the remark that SentencePiece makes where a tokenizer is opened; all else is said at the end."""
    with tempfile.TemporaryFile() as said:
        try:
            with _standard_error_in(said):
                yield
        finally:
            said.seek(0)
            left = b"".join(line for line in said if _OF_SENTENCE_PIECE not in line)
            with contextlib.suppress(OSError):
                os.write(2, left)
