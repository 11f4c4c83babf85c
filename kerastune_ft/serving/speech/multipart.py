"""Forms with files as browsers and curl send them, multipart/form-data, of RFC 7578."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerastune_ft.serving.refusal import BAD_REQUEST, Refusal

TYPE = "multipart/form-data"
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)', re.IGNORECASE)
_DISPOSITION = re.compile(r"content-disposition\s*:\s*form-data\s*(;.*)", re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([a-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))', re.IGNORECASE)
_MOST_PARTS, _LONGEST_HEAD = 32, 4096
_LINE = b"\r\n"


@dataclass(frozen=True)
class Part:
    """One field of a form."""

    name: str
    content: bytes
    file_name: str | None = None
    """The name of the file that it is; None for a text."""


def read_form(kind: str, data: bytes) -> list[Part]:
    """Return the fields of a form in their order; `kind` is the header Content-Type. Raises Refusal."""
    found = _BOUNDARY.search(kind)
    if found is None:
        raise _refuse("the header Content-Type names no boundary of the parts of the form")
    delimiter = _LINE + b"--" + (found[1] or found[2]).encode("latin-1")
    whole = _LINE + data
    if whole.count(delimiter) > _MOST_PARTS + 1:
        raise _refuse(f"the form has more than {_MOST_PARTS} parts")
    _, *parts = whole.split(delimiter)
    fields: list[Part] = []
    for part in parts:
        if part.startswith(b"--"):
            return fields
        fields.append(_read_part(part.lstrip(b" \t")))
    raise _refuse("the form has no end; it was cut short, or its boundary is another than the header says")


def _read_part(part: bytes) -> Part:
    if not part.startswith(_LINE):
        raise _refuse("a boundary of the form stands within a line")
    head, blank, content = part.partition(_LINE + _LINE)
    if not blank or len(head) > _LONGEST_HEAD:
        raise _refuse(f"a part of the form has no head of at most {_LONGEST_HEAD} bytes, and a blank line after it")
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise _refuse("the head of a part of the form is not UTF-8") from None
    given = [match[1] for line in lines if (match := _DISPOSITION.fullmatch(line.strip()))]
    known = {key.lower(): quoted or plain for each in given for key, quoted, plain in _PARAMETER.findall(each)}
    if len(given) != 1 or not known.get("name"):
        raise _refuse('a part of the form has no name, as Content-Disposition: form-data; name="file"')
    return Part(known["name"], content, known.get("filename", known.get("filename*")))


def _refuse(text: str) -> Refusal:
    return Refusal(BAD_REQUEST, text)
