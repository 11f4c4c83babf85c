"""Refusals: what a client did wrong, or cannot have at the moment, as a status of HTTP and a sentence."""

from __future__ import annotations

from collections.abc import Mapping

BAD_REQUEST, UNREADABLE, TOO_LARGE, BUSY = 400, 422, 413, 503
WAIT: Mapping[str, str] = {"retry-after": "1"}
"""The header of answers that tell a client to come again."""


class Refusal(Exception):
    """A request, or one of its inputs, that is not answered."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.text = status, text
        self.headers = dict(headers or {})

    def at(self, place: str) -> Refusal:
        """Return the same refusal with the place of the input before its sentence."""
        return Refusal(self.status, f"{place}: {self.text}", self.headers)


def refuse_all(refusals: Mapping[str, Refusal]) -> Refusal:
    """Return the refusal of a request none of whose inputs, by their places, is answered."""
    (place, first), *others = refusals.items()
    if not others:
        return first.at(place)
    statuses = {each.status for each in refusals.values()}
    text = f"none of {len(refusals)} inputs is answered; {place}: {first.text}"
    return Refusal(statuses.pop() if len(statuses) == 1 else UNREADABLE, text, first.headers)
