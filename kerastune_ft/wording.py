"""Numbers and names as sentences have them: `1 image`, `20 images`, the first names of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_LIMIT = 20


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is singular after 1: `1 image`, `20 images`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def first_names(names: Iterable[str], limit: int = _LIMIT) -> str:
    """Return the first names, separated by commas, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - limit} more" if len(known) > limit else ""
    return ", ".join(known[:limit]) + more


def lines(rows: Sequence[tuple[str, str]]) -> str:
    """Return a line for each of the first rows, its name and what is said about it, and how many more there are."""
    written = [f"  {name}  {remark}".rstrip() for name, remark in rows[:_LIMIT]]
    if len(rows) > _LIMIT:
        written.append(f"  and {len(rows) - _LIMIT} more")
    return "\n".join(written)
