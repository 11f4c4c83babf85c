"""Sentences that speak of commands, said as Python: `--fresh` becomes `fresh=True`, `verify RUN` `kt.verify(RUN)`.

They are said as they are where our command line is the caller, and as Python to scripts and notebooks.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from kerastune_ft.notebook.kernel import is_notebook

PROGRAM = "python -m kerastune_ft"
# Options that are given without a value.
_FLAGS = {
    "fresh": "fresh=True", "measure": "measure=True", "adapt": "adapt=True", "json": "json", "explain": "kt.explain",
    "defaults": "defaults", "variables": "variables", "clear": "clear", "wide": "wide", "quiet": "quiet",
    "verbose": "verbose", "debug": "debug", "allow-errors": "allow_errors=True", "resolve": "resolve=True",
    "download": "download=True", "no-prune": "prune=False", "strict": "strict", "calibrated": "calibrated=True",
    "profile": "profile=True",
}  # fmt: skip
# Options with a value, which are the keywords of the functions.
_NAMED = (
    "run-dir", "until-phase", "stop-after", "data", "split", "input", "batch-size", "output", "format", "pictures",
    "label", "backbone", "weights", "epochs", "example", "workers", "directory", "older-than", "examples", "device",
    "top", "submission", "folds", "seeds", "seed", "phase", "write", "steps", "low", "high", "plot", "trials", "for",
    "sampler", "metric", "html", "on", "candidate", "objective", "schedule", "at", "costs", "coverage", "by", "views",
    "threshold", "save", "samples", "quantize", "max-loss", "sample",
    "system", "max-new-tokens", "temperature", "top-k", "top-p", "stop",
)  # fmt: skip
# Options of commands that no function stands for, which are said as they are.
_OF_COMMANDS = (
    "host", "port", "name", "allowed-host", "threads", "max-bytes", "max-pixels", "max-samples", "max-characters",
    "max-instances", "max-waiting", "max-connections", "body-timeout", "grace", "network", "selftest", "replicas",
    "wheels", "max-generations",
)  # fmt: skip
# Options whose keyword is another word.
_KEYWORDS = {"for": "time", "candidate": "candidates"}
OPTIONS = frozenset((*_FLAGS, *_NAMED, *_OF_COMMANDS, "set"))
"""The options of all commands, without their dashes."""

# The end of a command within a sentence: what no argument of ours ends with, or a wide gap.
_COMMAND = re.compile(rf"!?\b{PROGRAM}((?: (?! )(?:\"[^\"]*\"|'[^']*'|[^\s`()'\"]+(?<![;,:]))+)+)")
_QUOTED_COMMAND = re.compile(r"`(run|runs|init|evaluate|predict|plan|units|verify) ([^`]+)`")
_SETTINGS = re.compile(r"(?<![\w-])--set ([\w.\[\]*]+=\S+(?<![,;.)])(?: --set [\w.\[\]*]+=\S+(?<![,;.)]))*)")
_SETTING = re.compile(r"(?<![\w-])--set (?=[\w.\[\]]+\b)(\S+)")
_VALUE = r"\"[^\"\n]*\"|'[^'\n]*'|[^\s\"',;:()]*[A-Z0-9/_.][^\s\"',;:()]*(?<![.])"
_SPOKEN = sorted(OPTIONS - {*_OF_COMMANDS}, key=len, reverse=True)
_OPTION = re.compile(rf"(?<![\w-])--({'|'.join(_SPOKEN)})(?![\w-])(?:(?P<gap>[ =])(?P<value>{_VALUE}))?")
# What is to be given "with --data", without saying what.
_ALONE = re.compile(rf"\bwith --({'|'.join(_NAMED)})(?![\w-])(?!,? which|[ =](?:{_VALUE}))")
_PHRASES = (
    (re.compile(r"\bgive the command in another folder, or another\b"), "call it in another folder, or give another"),
    (re.compile(r"\(repeat it for several columns\)"), "(a list for several columns)"),
    (re.compile(r"\b[Gg]ive (?:its|the run's) (?:run )?command again\b"), "call kt.run again"),
    (re.compile(r"\bgive (?:its|the run's) (?:run )?command with\b"), "call kt.run with"),
    (re.compile(r"\b([Tt]he same|[Tt]his) command\b"), r"\1 call"),
    (re.compile(r"\bthis call was given\b"), "this call was made"),
    (re.compile(r"\b(?:give|run) the same call\b"), "make the same call"),
    (re.compile(r"\bGive the same call\b"), "Make the same call"),
    (re.compile(r"(?<=[\"\d]) (?=overrides=\{)"), ", "),
    (re.compile(r"\(see wide\)"), "(the object itself has all of it)"),
    (re.compile(r"\bnull is not allowed here\b"), "None is not allowed here"),
    (re.compile(r"a pair has two, with a tab between them"), 'a pair has two: give a tuple, ("first", "second")'),
    (
        re.compile(r"in bash that is  \S+ and a CSV file or lines on standard input hold pairs too"),
        "a CSV file or a DataFrame holds pairs too",
    ),
    (re.compile(r"\brun init again\b"), "call kt.init again"),
)


_serves_commands = False


@contextlib.contextmanager
def serving_commands() -> Iterator[None]:
    """Let sentences speak of commands meanwhile: the caller is the command line, and no Python program."""
    global _serves_commands
    before, _serves_commands = _serves_commands, True
    try:
        yield
    finally:
        _serves_commands = before


def speak(text: str) -> str:
    """Return a sentence as it is if a command is under way, otherwise, and in notebooks, as Python."""
    return text if _serves_commands and not is_notebook() else translate(text)


_said: set[str] = set()


def is_news(text: str) -> bool:
    """Return whether a sentence is to be said: a command says it each time, a Python program hears it once."""
    if _serves_commands and not is_notebook():
        return True
    known = text in _said
    _said.add(text)
    return not known


def translate(text: str) -> str:
    """Return a text with Python in the place of commands and their options; without any it stays as it is.

    >>> translate("start over with --fresh (all that is wrong: python -m kerastune_ft verify runs/x-1)")
    'start over with fresh=True (all that is wrong: kt.verify("runs/x-1"))'
    """
    parts, end = [], 0
    for found in _COMMAND.finditer(text):
        is_call = not found[0].startswith("!")
        parts += [_translate_words(text[end : found.start()]), _call(found[1].strip()) if is_call else found[0]]
        end = found.end()
    return "".join([*parts, _translate_words(text[end:])])


def _translate_words(text: str) -> str:
    """Return a text without commands of the whole program, with Python in the place of options."""
    text = _QUOTED_COMMAND.sub(lambda found: f"`{_call(f'{found[1]} {found[2]}')}`", text)
    text = _SETTINGS.sub(lambda found: f"overrides={{{_join_settings(found[1])}}}", text)
    text = _SETTING.sub(r'overrides: "\1"', text)
    text = text.replace("--set", "overrides")
    text = _ALONE.sub(lambda found: f'with {_name_argument(found[1])}="..."', text)
    text = _OPTION.sub(_name_keyword, text)
    for pattern, words in _PHRASES:
        text = pattern.sub(words, text)
    return text


def _join_settings(settings: str) -> str:
    """Return `a=1 --set b=x` as the items of a dict."""
    pairs = (setting.partition("=")[::2] for setting in settings.split(" --set "))
    return ", ".join(f'"{path}": {_write_json(value)}' for path, value in pairs)


def _write_json(value: str) -> str:
    """Return the Python of a value as `--set` takes it: JSON, or a text without quotes."""
    try:
        return repr(json.loads(value)) if value not in ("true", "false", "null") else str(json.loads(value))
    except ValueError:
        return _write_text(value)


def _write_text(value: str) -> str:
    """Return a value as Python text; a word that stands for a value of the reader's stays bare."""
    bare = value.strip("\"'") if value[:1] in "\"'" else value
    if re.fullmatch(r"[A-Z][A-Z_,]*", value) or re.fullmatch(r"\d+", value):
        return value
    return json.dumps(bare, ensure_ascii=False)


def _name_keyword(found: re.Match[str]) -> str:
    name = found[1]
    if name in _FLAGS:
        # A value is the next word of the sentence.
        return _FLAGS[name] + (f"{found['gap']}{found['value']}" if found["value"] else "")
    keyword = _name_argument(name)
    return f"{keyword}={_write_text(found['value'])}" if found["value"] else keyword


def _name_argument(option: str) -> str:
    """Return the keyword of the functions that an option is."""
    return _KEYWORDS.get(option, option.replace("-", "_"))


def _write_calls(head: str, *positional: str) -> Callable[[Sequence[str], Sequence[str]], str]:
    """Return what writes a call of `head`, in which the options of these names need no name."""

    def write(words: Sequence[str], options: Sequence[str]) -> str:
        bare = [option.partition("=")[2] for option in options if option.partition("=")[0] in positional]
        named = [option for option in options if option.partition("=")[0] not in positional]
        return f"{head}({', '.join([*words, *bare, *named])})"

    return write


def _write_method(name: str, *positional: str) -> Callable[[Sequence[str], Sequence[str]], str]:
    """Return what writes the call of a method of the run that the first word names."""

    def write(words: Sequence[str], options: Sequence[str]) -> str:
        # A sentence may name the command alone.
        run, *inputs = words or ["RUN"]
        given = [f"[{', '.join(inputs)}]"] if len(inputs) > 1 else inputs
        return _write_calls(f"kt.open_run({run}).{name}", *positional)(given, options)

    return write


def _write_report(words: Sequence[str], options: Sequence[str]) -> str:
    """Return the call of what `report` and `report --explain` do."""
    explains = _FLAGS["explain"] in options
    rest = [option for option in options if option != _FLAGS["explain"]]
    return _write_method("explain" if explains else "report")(words, rest)


# Commands that are functions; the others are given to the shell of the notebook, with an exclamation mark.
_CALLS: dict[str, Callable[[Sequence[str], Sequence[str]], str]] = {
    "run": _write_calls("kt.run"),
    "validate": _write_calls("kt.plan"),
    "plan": _write_calls("kt.plan"),
    "check": _write_calls("kt.check"),
    "init": _write_calls("kt.init"),
    "units": lambda words, options: f"kt.units({', '.join(words)})",
    "runs": _write_calls("kt.runs"),
    "verify": _write_calls("kt.verify"),
    "compare": _write_calls("kt.compare"),
    "crossvalidate": _write_calls("kt.crossvalidate"),
    "find-rate": _write_calls("kt.find_rate"),
    "search": _write_calls("kt.search"),
    "report": _write_report,
    "export": _write_method("export", "format"),
    "evaluate": _write_method("evaluate", "data"),
    "predict": _write_method("predict"),
}


def _call(command: str) -> str:
    """Return the Python call of a command's words, or the line that gives it to the shell."""
    try:
        name, *words = shlex.split(command)
    except ValueError:
        # A quote that is no quote, such as an apostrophe.
        name, *words = command.split()
    write = _CALLS.get(name)
    if write is None:
        return f"!{PROGRAM} {command}".strip()
    return write(*_split_options(words))


def _split_options(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments of a command as Python values, and its options as keywords."""
    values: list[str] = []
    options: list[str] = []
    settings: list[str] = []
    rest = iter(words)
    for word in rest:
        name = word.removeprefix("--")
        if name == word:
            values.append(_write_text(word))
        elif name in _FLAGS:
            options.append(_FLAGS[name])
        elif name == "set":
            settings.append(next(rest, ""))
        else:
            options.append(f"{_name_argument(name)}={_write_text(next(rest, '...'))}")
    if settings:
        options.append(f"overrides={{{_join_settings(' --set '.join(settings))}}}")
    return values, options
