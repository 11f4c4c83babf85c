"""The feature cache of a plan in words: bytes, rows that exist already, seconds saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting.quantities import format_duration, format_size, format_whole, is_number
from kerastune_ft.wording import counted

Document = Mapping[str, Any]


def describe_phase_store(store: Document) -> str:
    """Return why a phase stores the features of its frozen part or computes them again, and the seconds it takes."""
    size = format_size(store["bytes"]) if store.get("bytes") else ""
    if store.get("shared_bytes"):
        size += f" beside {format_size(store['shared_bytes'])} that all cuts in the decoder share"
    said = ": ".join(part for part in (size, str(store.get("reason") or "")) if part)
    return "; ".join(
        part for part in (said, _describe_gain(store.get("seconds"), store.get("seconds_recomputed"))) if part
    )


def _describe_gain(seconds: Any, recomputed: Any) -> str:
    """Return the seconds of the frozen part, and those without a store where they differ."""
    if not is_number(seconds) or not recomputed:
        return ""
    taken, without = format_duration(seconds), format_duration(recomputed)
    return f"about {taken}" if taken == without else f"about {taken} instead of {without}"


def describe_run_stores(cache: Document) -> str:
    """Return the bytes of a run's stores, their budget, and their directory if it is known."""
    if "budget" not in cache:
        return ""
    budget, directory = format_size(cache["budget"]), (cache.get("found") or {}).get("directory")
    where = f" in {directory}" if directory else ""
    if not cache.get("stores"):
        return f"nothing is stored{where}; the budget is {budget}"
    return f"stores of this run take {format_size(cache.get('bytes'))}{where}; the budget is {budget}"


def list_existing_stores(cache: Document) -> list[str]:
    """Return lines on the stores of the run: rows that exist already, and how the nearest existing store differs.

    Stores that depend on what the run trains first are not among them.
    """
    known = (cache.get("found") or {}).get("stores") or ()
    lines = [
        f"{format_whole(store['present'])} of {counted(store['rows'], 'row')} of {store['id']} are there already"
        for store in known
        if store["present"]
    ]
    lacking: dict[str, list[str]] = {}
    for store in known:
        if not store["present"]:
            lacking.setdefault("; ".join(store["differs"]), []).append(store["id"])
    return lines + [_describe_missing_stores(names, differs) for differs, names in lacking.items()]


def _describe_missing_stores(names: list[str], differs: str) -> str:
    which = names[0] if len(names) == 1 else f"{len(names)} stores"
    return f"nothing yet of {which}" + (f"; the nearest that is there differs in {differs}" if differs else "")


def describe_timing(measured: Document) -> str:
    """Return the title of the table of measured seconds."""
    return (
        f"seconds for one pass over {counted(measured['examples'], 'training example')}, "
        f"from {measured['chunks']} chunks of {measured['chunk']}"
    )


def list_timings(measured: Document) -> list[dict[str, str]]:
    """Return a row for everything that was timed, with its estimate."""
    return [
        {
            "pass": row["what"],
            "measured": _format_seconds(row["seconds"]),
            "from": _format_seconds(row["fastest_seconds"]),
            "to": _format_seconds(row["slowest_seconds"]),
            "estimated": _format_seconds(row["estimated_seconds"]),
        }
        for row in measured.get("rows") or ()
    ]


def _format_seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 1 else format_duration(value)
