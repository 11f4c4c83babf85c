from __future__ import annotations

from kerastune_ft.reporting.cache_lines import (
    describe_phase_store,
    describe_run_stores,
    describe_timing,
    list_existing_stores,
    list_timings,
)


def test_a_phase_says_why_it_stores_and_what_that_saves() -> None:
    store = {"bytes": 2_000_000, "reason": "read again", "seconds": 5.0, "seconds_recomputed": 130.0}
    assert describe_phase_store(store) == "2.0 MB: read again; about 5.0 s instead of 2 min 10 s"
    assert describe_phase_store({**store, "seconds": 130.0}) == "2.0 MB: read again; about 2 min 10 s"
    assert describe_phase_store({"reason": "nothing is frozen"}) == "nothing is frozen"


def test_a_run_says_what_its_stores_take_and_where() -> None:
    cache = {"budget": 2e10, "bytes": 5_000, "stores": ["a"], "found": {"directory": "/cache"}}
    assert describe_run_stores(cache) == "stores of this run take 5.0 kB in /cache; the budget is 20.0 GB"
    assert describe_run_stores({"budget": 2e10, "stores": []}) == "nothing is stored; the budget is 20.0 GB"
    assert describe_run_stores({}) == ""


def test_stores_that_are_there_are_counted_and_the_nearest_compared() -> None:
    stores = [
        {"id": "base", "present": 3, "rows": 1200, "differs": []},
        {"id": "cut", "present": 0, "rows": 9, "differs": ["seed", "chunk"]},
        {"id": "input", "present": 0, "rows": 9, "differs": []},
    ]
    assert list_existing_stores({"found": {"stores": stores}}) == [
        "3 of 1,200 rows of base are there already",
        "nothing yet of cut; the nearest that is there differs in seed; chunk",
        "nothing yet of input",
    ]
    assert list_existing_stores({}) == []


def test_measured_seconds_stand_beside_their_estimate() -> None:
    row = {"what": "read", "seconds": 0.25, "fastest_seconds": 0.2, "slowest_seconds": 70.0, "estimated_seconds": 0.5}
    measured = {"examples": 1, "chunks": 3, "chunk": 8, "rows": [row]}
    assert describe_timing(measured) == "seconds for one pass over 1 training example, from 3 chunks of 8"
    assert list_timings(measured) == [
        {"pass": "read", "measured": "0.25 s", "from": "0.2 s", "to": "1 min 10 s", "estimated": "0.5 s"}
    ]
