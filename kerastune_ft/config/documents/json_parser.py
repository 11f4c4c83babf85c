"""A JSON parser that keeps line and column of every key and value, with error messages in plain words."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from kerastune_ft.config.documents.nodes import KeyPath, Node, Place, short_json
from kerastune_ft.config.documents.problems import Problem

_DEEPEST = 64
_LONGEST_NUMBER = 300
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_TOKEN = re.compile(r"[^\s,:\[\]{}\"']+")
_WORDS = {"true": True, "false": False, "null": None}
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
_EMPTY = (
    "the file is empty; start from configs/medical.json, which comes with the package by the name medical; "
    "to see every key: python -m kerastune_ft schema --defaults"
)
_NOT_NUMBERS = ("nan", "infinity", "inf")


class BrokenDocument(Exception):
    """The text is not JSON; `problems` holds everything found up to that point."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[-1].message)
        self.problems = problems


def parse(text: str, file: str) -> tuple[Node, list[Problem]]:
    """Return the document, and problems that do not stop parsing: duplicate keys, NaN and Infinity."""
    parser = _Parser(text, file)
    return parser.document(), parser.problems


class _Parser:
    """One pass over one text; `at` is the index of the next character."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self.problems: list[Problem] = []
        self.line_starts = [0, *(match.end() for match in re.finditer(r"\n", text))]

    def document(self) -> Node:
        if self.peek() == "":
            self.fail(self.at, (), _EMPTY)
        node = self.value((), None)
        if self.peek():
            self.fail(self.at, (), f"there is text after the end of the document: {self.token()}; remove it")
        return node

    def value(self, path: KeyPath, key: Place | None) -> Node:
        if len(path) > _DEEPEST:
            self.fail(self.at, path, f"more than {_DEEPEST} levels of nesting; no configuration is that deep")
        first = self.peek()
        place = self.place(self.at, path)
        if first == "{":
            return Node(self.object(path), place, key)
        if first == "[":
            return Node(self.array(path), place, key)
        if first == '"':
            return Node(self.string(path), place, key)
        return Node(self.scalar(path), place, key)

    def object(self, path: KeyPath) -> dict[str, Node]:
        items: dict[str, Node] = {}
        opened = self.at
        while self.has_next(opened, path, "}", bool(items)):
            start = self.at
            name = self.key(path)
            here = self.place(start, (*path, name))
            if self.peek() != ":":
                self.fail(self.at, here.path, f'a colon is missing after the key "{name}"')
            self.at += 1
            node = self.value(here.path, here)
            if name in items and not name.startswith("//"):
                line = items[name].name_place.line
                self.note(here, f"the key is written twice, first at line {line}; keep one of them", node.plain())
            else:
                items[name] = node
        return items

    def array(self, path: KeyPath) -> list[Node]:
        items: list[Node] = []
        opened = self.at
        while self.has_next(opened, path, "]", bool(items)):
            items.append(self.value((*path, len(items)), None))
        return items

    def has_next(self, opened: int, path: KeyPath, closing: str, begun: bool) -> bool:
        """Skip to the next item and return whether there is one; False at the end."""
        if not begun:
            self.at += 1
        found = self.peek()
        if found == closing:
            self.at += 1
            return False
        self.refuse_end(opened, path, closing)
        if not begun:
            return True
        if found != ",":
            self.refuse_comment(path)
            self.fail(self.at, path, f"a comma is missing before {self.token()}")
        comma = self.at
        self.at += 1
        if self.peek() in ("}", "]"):
            self.fail(comma, path, f"there is a comma before the closing {self.peek()}; remove the comma")
        self.refuse_end(opened, path, closing)
        return True

    def key(self, path: KeyPath) -> str:
        if self.peek() != '"':
            self.refuse_comment(path)
            self.fail(self.at, path, f"a key in double quotes belongs here, not {self.token()}")
        return self.string(path)

    def string(self, path: KeyPath) -> str:
        try:
            text, self.at = scanstring(self.text, self.at + 1, True)
        except JSONDecodeError as error:
            self.fail(error.pos, path, _string_fault(error.msg))
        return text

    def scalar(self, path: KeyPath) -> Any:
        self.refuse_comment(path)
        token = self.token()
        if token in _WORDS:
            self.at += len(token)
            return _WORDS[token]
        match = _NUMBER.fullmatch(token)
        if match and len(token) <= _LONGEST_NUMBER:
            self.at += len(token)
            return self.finite(float(token), path, token) if match[1] or match[2] else int(token)
        if token.lstrip("+-").lower() in _NOT_NUMBERS:
            place = self.place(self.at, path)
            self.at += len(token)
            self.note(place, f"{token} is not a JSON number; give a finite number", token)
            return 0
        self.fail(self.at, path, _scalar_fault(token))

    def finite(self, number: float, path: KeyPath, token: str) -> float:
        if abs(number) == float("inf"):
            self.note(self.place(self.at - len(token), path), f"{token} is too large for a number", token)
            return 0.0
        return number

    def peek(self) -> str:
        """Return the next character that is not white space, or '' at the end."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def token(self) -> str:
        match = _QUOTED.match(self.text, self.at) or _TOKEN.match(self.text, self.at)
        return match[0] if match else self.text[self.at : self.at + 1]

    def refuse_comment(self, path: KeyPath) -> None:
        if self.text.startswith(("//", "#", "/*"), self.at):
            self.fail(self.at, path, 'JSON has no comments; write them as keys: "//": "text"')

    def refuse_end(self, opened: int, path: KeyPath, closing: str) -> None:
        if self.peek() == "":
            line = self.place(opened, path).line
            self.fail(self.at, path, f"the file ends before the {closing} that closes line {line}; add it")

    def place(self, index: int, path: KeyPath) -> Place:
        line = bisect_right(self.line_starts, index)
        return Place(self.file, path, line, index - self.line_starts[line - 1] + 1)

    def note(self, place: Place, message: str, value: Any) -> None:
        self.problems.append(Problem(place, message, value))

    def fail(self, index: int, path: KeyPath, message: str) -> NoReturn:
        self.note(self.place(index, path), message, None)
        raise BrokenDocument(self.problems)


def _string_fault(fault: str) -> str:
    if fault.startswith("Unterminated"):
        return "the closing double quote is missing"
    if fault.startswith("Invalid control character"):
        return "a text ends on its own line: close the double quote, or write \\n for a new line"
    return "a lone backslash in a text; write \\\\ for each, or / in paths"


def _scalar_fault(token: str) -> str:
    if token in _PYTHON_WORDS:
        return f"{token} is Python; write {_PYTHON_WORDS[token]}"
    if token.startswith("'"):
        return "texts need double quotes, not single ones"
    if re.match(r"[-+.]?\d", token):
        return f"{token} is not a JSON number; write it like 0.5, -2 or 1e-4"
    if token in ("}", "]", ",", ":", ""):
        return f"a value is missing before {token or 'the end of the file'}"
    return f"{short_json(token)[1:-1]} has no quotes; write {short_json(token)}"
