"""What a plan says of objects that a run was given in Python."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kerastune_ft.config.python_objects import PythonMetric, PythonObject, PythonObjects
from kerastune_ft.training.plan.python_objects import notes


def test_each_object_is_named_with_what_holds_of_it() -> None:
    python = PythonObjects(
        head=PythonObject(name="build_head"),
        loss=PythonObject(name="half"),
        metrics={"cost": PythonMetric(name="price", direction="min")},
    )
    session: Any = SimpleNamespace(config=SimpleNamespace(python=python))
    head, loss, metric, call = notes(session)
    assert head.startswith("the head is build_head")
    assert "validation_loss is the task's own" in loss
    assert metric == "cost is measured by price, given in Python; lower is better"
    assert "(head=..., loss=..., metrics=...)" in call
    session.config.python = None
    assert notes(session) == []
