"""Messages about options of commands, in the words of a call from Python."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from kerastune_ft.errors import ConfigError, KerasTuneError

_CALL = "kt.fine_tune"
_WORDS = (
    (re.compile(r'--label (".*?"|\S+)  \(repeat it for several columns\)'), r"label=\1  (a list for several columns)"),
    (re.compile(r'--label "(.*?)"'), r'label="\1"'),
    (re.compile(r"--label (\w[\w-]*)"), r'label="\1"'),
    (re.compile(r"given by --(label|backbone)"), r"given by \1"),
    (re.compile(r"--(label|backbone|weights|epochs|directory)\b"), r"\1"),
    (re.compile(r"run init again"), f"call {_CALL} again"),
    (re.compile(r"run init (\S+\.npz)"), rf'call {_CALL}("\1")'),
    (re.compile(r"evaluate RUN --data (\S+)"), r'run.evaluate("\1")'),
    (re.compile(r"see  python -m kerastune_ft backbones"), "the shell command  kerastune-ft backbones  lists them"),
    (re.compile(r"^init: "), f"{_CALL}: "),
)


def in_python(message: str) -> str:
    """Return a message about options of `init` as one about the arguments of `kt.fine_tune`."""
    for pattern, replacement in _WORDS:
        message = pattern.sub(replacement, message)
    return message


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
