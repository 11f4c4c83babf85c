"""The contract of what is served: runs, exports and the stand-in of these tests have all that it names."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from kerastune_ft.serving.export_model import ExportServed
from kerastune_ft.serving.model import ServedModel
from kerastune_ft.serving.run_model import RunServed
from tests.support.served import StandIn


@pytest.mark.parametrize("kind", [RunServed, ExportServed, StandIn])
def test_the_contract_is_kept(kind: Any) -> None:
    for name in ("read", "answer", "warm"):
        wanted = list(inspect.signature(getattr(ServedModel, name)).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters) == wanted
    source = inspect.getsource(kind)
    assert [name for name in ServedModel.__annotations__ if name not in source] == []
