"""What a plan says about stored features: what they take, what is there already, what they save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting import quantities as say
from kerastune_ft.wording import counted

Document = Mapping[str, Any]


def of_phase(store: Document) -> str:
    """Return why a phase stores its frozen part or computes it again, and the seconds of that."""
    size = say.size(store["bytes"]) if store.get("bytes") else ""
    said = ": ".join(part for part in (size, str(store.get("reason") or "")) if part)
    return "; ".join(part for part in (said, _gain(store.get("seconds"), store.get("seconds_recomputed"))) if part)


def _gain(seconds: Any, recomputed: Any) -> str:
    """Return what the frozen part takes, and what it would take with nothing stored if that is another figure."""
    if not say.is_number(seconds) or not recomputed:
        return ""
    taken, without = say.duration(seconds), say.duration(recomputed)
    return f"about {taken}" if taken == without else f"about {taken} instead of {without}"


def of_run(cache: Document) -> str:
    """Return the bytes that a run's stores take, their budget, and where they lie if that is known."""
    if "budget" not in cache:
        return ""
    budget, directory = say.size(cache["budget"]), (cache.get("found") or {}).get("directory")
    where = f" in {directory}" if directory else ""
    if not cache.get("stores"):
        return f"nothing is stored{where}; the budget is {budget}"
    return f"stores of this run take {say.size(cache.get('bytes'))}{where}; the budget is {budget}"


def found(cache: Document) -> list[str]:
    """Return which rows of the run's stores are there already, and how what is there differs from those that are not.

    Of stores that depend on what the run trains first nothing is known.
    """
    known = (cache.get("found") or {}).get("stores") or ()
    lines = [
        f"{say.whole(store['present'])} of {counted(store['rows'], 'row')} of {store['id']} are there already"
        for store in known
        if store["present"]
    ]
    lacking: dict[str, list[str]] = {}
    for store in known:
        if not store["present"]:
            lacking.setdefault("; ".join(store["differs"]), []).append(store["id"])
    return lines + [_lacking(names, differs) for differs, names in lacking.items()]


def _lacking(names: list[str], differs: str) -> str:
    which = names[0] if len(names) == 1 else f"{len(names)} stores"
    return f"nothing yet of {which}" + (f"; the nearest that is there differs in {differs}" if differs else "")


def measured_title(measured: Document) -> str:
    """Return what the table of measured seconds is about."""
    return (
        f"seconds for one pass over {counted(measured['examples'], 'training example')}, "
        f"from {measured['chunks']} chunks of {measured['chunk']}"
    )


def measured_rows(measured: Document) -> list[dict[str, str]]:
    """Return a row for everything that was timed, its estimate beside it."""
    return [
        {
            "pass": row["what"],
            "measured": _seconds(row["seconds"]),
            "from": _seconds(row["fastest_seconds"]),
            "to": _seconds(row["slowest_seconds"]),
            "estimated": _seconds(row["estimated_seconds"]),
        }
        for row in measured.get("rows") or ()
    ]


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 1 else say.duration(value)
