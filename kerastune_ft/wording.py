"""Numbers and names for messages: `1 image`, `5,232 images`, the first names of many."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

_LIMIT, _FEW = 20, 3
_LOGIN = re.compile(r"(?:^|(?<=://))[^/\s]+@")


def encode_text(text: str) -> bytes:
    """Return a text as UTF-8; half characters, as names of files have them that are not UTF-8, become `\\udce9`.

    In JSON that is the escape that gives the same name when it is read.
    """
    return text.encode("utf-8", "backslashreplace")


def hide_logins(text: str) -> str:
    """Return a text with `***` in the place of names and passwords in addresses: `https://***@host`.

    At its beginning an address may lack the scheme, as those of proxies do.
    """
    return _LOGIN.sub("***@", text)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is singular after 1: `1 image`, `5,232 images`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float, decimals: int = 0) -> str:
    """Return a share of one as per cent: `12 %`, `2.5 %`."""
    return f"{100 * share:.{decimals}f} %"


def first_names(names: Iterable[str], limit: int = _LIMIT) -> str:
    """Return the first names, separated by commas, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - limit:,} more" if len(known) > limit else ""
    return ", ".join(known[:limit]) + more


def lines(rows: Sequence[tuple[str, str]], limit: int = _LIMIT) -> str:
    """Return an indented line for each of the first rows, a name and a remark, and how many more there are."""
    written = [f"  {name}  {remark}".rstrip() for name, remark in rows[:limit]]
    if len(rows) > limit:
        written.append(f"  and {len(rows) - limit:,} more")
    return "\n".join(written)


def describe_left_out(rows: Sequence[tuple[str, str]], show_names: bool = True) -> str:
    """Return a line on examples that were left out, how many and the first of them with the reasons; empty for none."""
    if not rows:
        return ""
    named = [f"{name} ({reason})" if reason else name for name, reason in rows]
    return f"{counted(len(rows), 'example')} left out" + (f": {first_names(named, _FEW)}" if show_names else "")


def wrap_words(text: str, width: int, indent: str = "") -> list[str]:
    """Return a text in lines of at most `width` characters, broken between words; a longer word is left whole.

    Line breaks of the text stay; lines after the first of each begin with `indent`.
    """
    return [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(
            part,
            max(width, 1),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=True,
        )
        or [""]
    ]
