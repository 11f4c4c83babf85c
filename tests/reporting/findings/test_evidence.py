from __future__ import annotations

from kerastune_ft.reporting.findings.evidence import Evidence, Finding


def test_a_finding_is_a_json_object() -> None:
    found = Finding("few", "hint", "Text.", "Advice", ("phases.top.epochs=6",))
    assert found.to_json() == {
        "name": "few",
        "level": "hint",
        "text": "Text.",
        "advice": "Advice",
        "set": ["phases.top.epochs=6"],
    }


def test_parts_that_are_not_there_are_empty() -> None:
    empty = Evidence({}, {}, [], [], {}, {}, {}, {}, {})
    assert empty.headline is None
    assert empty.last == empty.plan_of("top") == {}
    assert empty.value("test", "accuracy") is None
    assert empty.interval("accuracy") is None


def test_the_headline_is_the_most_telling_metric_that_is_known() -> None:
    metrics = {"test": {"loss": 0.1, "accuracy": 0.9, "mean_average_precision": None}}
    assert Evidence({}, {}, [], [], metrics, {}, {}, {}, {}).headline == "accuracy"
