"""Messages about options of commands, in the words of a call from Python."""

from __future__ import annotations

import re

from kerastune_ft.notebook.speech import translate

# Keys to write into a section of the file are keys of an argument here.
_WORDS = (
    (re.compile(r'write\s+"kind": ("\w+")\s+in task\b'), "give task={}"),
    (re.compile(r'write\s+("\w+": [^;]+?)\s+in task\b'), 'give task={{"kind": ..., {}}}'),
    (re.compile(r'write\s+("\w+": [^;]+?)\s+in data\b'), 'give data={{"path": ..., {}}}'),
)
_PRESET = re.compile(r'write "preset": ("\S+") \(or the directory\) instead of class, and in phases .*$')
_CONSTANTS = (("true", "True"), ("false", "False"), ("null", "None"))


def in_python(message: str) -> str:
    """Return a message about options of `init` as one about the arguments of `kt.fine_tune`."""
    message = translate(message).replace("kt.init", "kt.fine_tune")
    message = _PRESET.sub(r"give backbone=\1 (or the directory), and the phases will fit it", message)
    for pattern, words in _WORDS:
        message = _replace_keys(message, pattern, words)
    return message


def _replace_keys(message: str, pattern: re.Pattern[str], words: str) -> str:
    return pattern.sub(lambda found: words.format(_as_python(found[1])), message)


def _as_python(keys: str) -> str:
    """Return keys with their values in JSON as those of a dict of Python."""
    for word, constant in _CONSTANTS:
        keys = re.sub(rf"(?<=[ \[]){word}\b", constant, keys)
    return keys
