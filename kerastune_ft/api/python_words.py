"""Messages about options of commands, in the words of a call from Python."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kerastune_ft.errors import ConfigError, KerasTuneError
from kerastune_ft.notebook.speech import translate


def in_python(message: str) -> str:
    """Return a message about options of `init` as one about the arguments of `kt.fine_tune`."""
    return translate(message).replace("kt.init", "kt.fine_tune")


@contextlib.contextmanager
def speaking_python() -> Iterator[None]:
    """Raise errors again with messages in the words of a call from Python."""
    try:
        yield
    except KerasTuneError as error:
        said = in_python(str(error))
        if said == str(error):
            raise
        problems = error.problems if isinstance(error, ConfigError) else ()
        raise (ConfigError(said, problems) if problems else type(error)(said)) from error
