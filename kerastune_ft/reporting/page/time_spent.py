"""Adds up how long a run worked, and on what, over all processes that worked on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

_ABOUT = {
    "start": "data read, model built, plan made",
    "features": "computed once by frozen units",
    "evaluation": "of the final model",
    "saving": "the model, compared with what was measured",
    "all else": "compiling, checks, checkpoints, epochs trained again after a kill",
}


def sum_time(events: Sequence[Mapping[str, Any]], phases: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the whole time of a run in seconds, how often it was started, and its parts; None where none was recorded.

    Args:
        events: the lines of events.jsonl.
        phases: name and seconds (in epochs) of every phase, as the report has them.

    `cpu` are the seconds that all threads computed, as far as they are known; None where a start did not record them.
    `complete` is False where an earlier version, which recorded less, worked on the run too. Times between two
    processes do not count, nor does writing the page, which may be written again; `killed` is how many processes
    before the last one left no end, so that what they did after their last event is not known.
    """
    processes = _divide(events)
    if not processes:
        return None
    whole = sum(map(_measure, processes))
    parts = {"start": sum(process[0]["elapsed"] for process in processes)}
    for event in (event for process in processes for event in process if event.get("event") == "spent"):
        parts[str(event["part"])] = parts.get(str(event["part"]), 0.0) + event["seconds"]
    trained = {f"phase {phase['name']}": phase["seconds"] for phase in phases if phase.get("seconds")}
    is_complete = events[0].get("event") == "started"
    ordered = {
        **{name: parts.pop(name) for name in ("start", "features") if name in parts},
        **(trained if is_complete else {}),
        **parts,
    }
    # What was trained is known by epochs that are kept, whole time by the clock: rounding must not make it negative.
    ordered["all else"] = max(0.0, whole - sum(ordered.values()))
    return {
        "whole": whole,
        "cpu": _sum_cpu(processes) if is_complete else None,
        "starts": len(processes),
        "killed": sum(process[-1].get("event") != "ended" for process in processes[:-1]),
        "complete": is_complete,
        "parts": [
            {
                "part": name,
                "about": _ABOUT.get(name, ""),
                "seconds": seconds,
                "share": seconds / whole if whole else 0.0,
            }
            for name, seconds in ordered.items()
        ],
    }


def _sum_cpu(processes: Sequence[Sequence[Mapping[str, Any]]]) -> float | None:
    latest = [[event["cpu"] for event in process if event.get("cpu") is not None] for process in processes]
    return sum(values[-1] for values in latest) if all(latest) else None


def _divide(events: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the events of every process that recorded its time, its start first."""
    processes: list[list[Mapping[str, Any]]] = []
    for event in events:
        if event.get("event") == "started":
            processes.append([])
        if processes:
            processes[-1].append(event)
    return processes


def _measure(process: Sequence[Mapping[str, Any]]) -> float:
    """Return how long a process worked: to its end, or to its last event where it was killed or is at work.

    The end of a run that is done counts from before its page was written, which shows this time.
    """
    is_done = process[-1].get("event") == "ended" and process[-1].get("state") == "done" and len(process) > 1
    last = process[-2] if is_done else process[-1]
    if "elapsed" in last:
        return float(last["elapsed"])
    known = [event for event in process if "elapsed" in event][-1]
    between = datetime.fromisoformat(last["time"]) - datetime.fromisoformat(known["time"])
    return float(known["elapsed"]) + max(0.0, between.total_seconds())
