from __future__ import annotations

import random
from typing import Any

import pytest

from kerastune_ft.reporting import phase_results
from kerastune_ft.reporting.page import phase_sections
from tests.support import run_files


@pytest.fixture(scope="module")
def trained() -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    plan = run_files.plan_document(phases=2, epochs=2, units=4)
    history = run_files.history_rows(plan, random.Random(2))
    return plan, history, run_files.manifest_document(plan, history)


def sections(plan: Any, manifest: Any, history: Any) -> list[dict[str, Any]]:
    return phase_sections.build_sections(plan, phase_results.summarise_phases(plan, manifest, history))


def test_units_are_from_the_head_on_with_rate_and_distances(trained: Any) -> None:
    plan, history, manifest = trained
    for result in manifest["phases"]:
        result["distances"] = {
            "start": {"weights": result["moved"], "statistics": {}},
            "pretrained": {"weights": {unit: 2 * each for unit, each in result["moved"].items()}, "statistics": {}},
        }
    head, top = sections(plan, manifest, history)
    assert [unit["unit"] for unit in head["units"]] == ["head"]
    assert [unit["unit"] for unit in top["units"]] == ["head", "top", "block2", "block1", "stem"]
    for unit in top["units"]:
        assert unit["rate"] == plan["phases"][1]["rates"][unit["unit"]]
        assert unit["from_pretrained"] == 2 * unit["moved"] == 2 * manifest["phases"][1]["moved"][unit["unit"]]
    assert top["farthest"] == max(unit["moved"] for unit in top["units"])
    assert top["has_pretrained"] and not top["has_statistics"]


def test_statistics_that_were_updated_below_what_trains_are_shown_too(trained: Any) -> None:
    plan, history, manifest = trained
    first = {**manifest["phases"][0], "updated": {"variables": 2, "moved": {"stem": 0.5}}}
    found = sections(plan, {**manifest, "phases": [first]}, history[:2])
    assert [(unit["unit"], unit["statistics"]) for unit in found[0]["units"]] == [("head", None), ("stem", 0.5)]


def test_a_run_from_before_has_what_it_knows(trained: Any) -> None:
    plan, history, manifest = trained
    phases = [
        {key: value for key, value in each.items() if key not in ("moved", "distances")} for each in manifest["phases"]
    ]
    head, top = sections(plan, {**manifest, "phases": phases}, history)
    assert top["units"][0]["moved"] is None and top["farthest"] == 0
    assert head["read"].startswith("what its frozen part gives was read")


def test_rates_are_drawn_where_they_differ_and_a_phase_not_begun_has_no_section(trained: Any) -> None:
    plan, history, manifest = trained
    (head,) = sections(plan, {**manifest, "phases": manifest["phases"][:1]}, history[:2])
    assert head["rates"]["wide"].startswith("<svg") and head["flat_rate"] is None
    flat = {**plan["phases"][0], "learning_rate": {"peak": 1e-3, "shape": "constant", "warmup_steps": 0, "final": None}}
    (head,) = sections({**plan, "phases": [flat]}, {**manifest, "phases": manifest["phases"][:1]}, history[:2])
    assert head["rates"] is None and head["flat_rate"] == 1e-3


def test_a_phase_that_began_again_has_the_rates_of_its_last_attempt(trained: Any) -> None:
    plan, history, manifest = trained
    retried = {
        **manifest["phases"][0],
        "retries": [{"step": 2}],
        "peak": plan["phases"][0]["learning_rate"]["peak"] / 10,
    }
    flat = {"peak": 1e-3, "shape": "constant", "warmup_steps": 0, "final": None}
    lower = {**plan, "phases": [{**plan["phases"][0], "learning_rate": flat}]}
    (head,) = sections(lower, {**manifest, "phases": [retried]}, history[:2])
    assert head["flat_rate"] == pytest.approx(1e-4) and head["row"]["retries"] == 1
    # From a tenth of the rate that the warm-up begins with, too, which here is the peak.
    warm = {**flat, "start": 1e-3, "warmup_steps": 1}
    (head,) = sections({**lower, "phases": [{**lower["phases"][0], "learning_rate": warm}]},
                       {**manifest, "phases": [retried]}, history[:2])  # fmt: skip
    assert head["flat_rate"] == pytest.approx(1e-4)
