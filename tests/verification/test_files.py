"""What the files of a run say of each other, as far as it is not seen in whole runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.verification.files import _check_origins
from kerastune_ft.verification.run_record import Findings


@pytest.mark.parametrize("has_model", [True, False])
def test_a_member_without_a_model_has_no_tokenizer_to_compare(has_model: bool) -> None:
    manifest = {"parts": {"vocabulary": "0" * 64}, "versions": {"tensorflow": "2"}}
    run = SimpleNamespace(exists=lambda name: has_model)
    record: Any = SimpleNamespace(manifest=manifest, is_done=True, files={}, run=run)
    findings = Findings([])
    _check_origins(record, findings)
    assert ["SHA-256 of the vocabulary" in found.message for found in findings.found] == [True] * has_model
