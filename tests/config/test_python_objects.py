"""What a configuration records of objects of Python: it counts in the hash, and a change is said in words."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config import changes
from kerastune_ft.config.python_objects import PythonMetric, PythonObject, PythonObjects, list_changes
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import ConfigError

HEAD = PythonObject(name="build_head", sha256="a" * 64)
COST = PythonMetric(name="cost", sha256="b" * 64, direction="min")


def _document(**more: Any) -> dict[str, Any]:
    return {
        "task": {"kind": "image_classification"},
        "data": {"kind": "tfds", "name": "digits"},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.1}],
        **more,
    }


def test_objects_change_the_hash_and_none_leave_it_as_it_was() -> None:
    plain, none = read(_document()), read(_document(python=None))
    recorded = read(_document(python=PythonObjects(head=HEAD).to_json()))
    assert config_hash(plain) == config_hash(none) != config_hash(recorded)
    assert recorded.with_own("objects").with_rules(recorded.rules).own == "objects"
    assert config_hash(recorded.with_own("objects")) == config_hash(recorded)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (PythonObjects(head=HEAD), None, "head: the run began with build_head, and none is given"),
        (None, PythonObjects(loss=HEAD), "loss: the run began without one, and build_head is given"),
        (
            PythonObjects(head=HEAD),
            PythonObjects(head=HEAD.model_copy(update={"sha256": "c"})),
            "head: the source of build_head changed",
        ),
        (
            PythonObjects(head=HEAD),
            PythonObjects(head=HEAD.model_copy(update={"configuration": "{}"})),
            "head: the configuration of build_head changed",
        ),
        (
            PythonObjects(metrics={"cost": COST}),
            PythonObjects(metrics={"cost": COST.model_copy(update={"name": "price"})}),
            "metrics['cost']: it was cost, and is price",
        ),
    ],
)
def test_a_change_is_one_sentence(old: PythonObjects | None, new: PythonObjects | None, said: str) -> None:
    assert list(list_changes(old, new)) == [said]
    documents = [_document(python=None if each is None else each.to_json()) for each in (old, new)]
    assert changes.compare(*map(read, documents), 0).refused == (said,)


def test_a_metric_of_python_can_be_a_monitor_and_others_cannot() -> None:
    document = _document(python=PythonObjects(metrics={"cost": COST}).to_json())
    document["phases"][0]["monitor"] = "validation_cost"
    assert read(document).phases[0].monitor == "validation_cost"
    with pytest.raises(ConfigError, match="validation_cost"):
        read({**document, "python": None})


def test_what_is_missing_is_named_with_the_call() -> None:
    said = PythonObjects(head=HEAD, metrics={"cost": COST}).explain_missing()
    assert "head build_head, metrics['cost'] cost" in said
    assert said.endswith("call kt.run(CONFIG, head=..., metrics=...)")
