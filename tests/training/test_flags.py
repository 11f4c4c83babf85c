from __future__ import annotations

import os
from typing import Any

import pytest

from kerastune_ft.training.flags import add_flags, describe_flags, find_flags

ONE, NONE = {"TF_ENABLE_ONEDNN_OPTS": "0"}, dict[str, str]()
VERSIONS: dict[str, Any] = {"versions": {"tensorflow": "2.21.0"}}


def test_only_what_chooses_kernels_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("TF_", "XLA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_use_thunk_runtime=false")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("TF_CONFIG", "{}")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    assert find_flags() == {**ONE, "XLA_FLAGS": "--xla_cpu_use_thunk_runtime=false"}


def test_the_flags_of_every_start_are_kept() -> None:
    manifest: dict[str, Any] = {}
    for flags, versions in ((NONE, {}), (NONE, VERSIONS), (ONE, VERSIONS), (ONE, VERSIONS), (NONE, VERSIONS)):
        manifest = {**manifest, **add_flags({**manifest, **versions}, flags)}
    assert manifest["flags"] == NONE
    assert [entry["flags"] for entry in manifest["later_flags"]] == [ONE, NONE]


def test_what_changed_is_said_by_name() -> None:
    first = {**VERSIONS, "flags": NONE}
    assert describe_flags(first, NONE) == []
    assert describe_flags(first, ONE) == [
        "changed since the last start, and with it the last digits of results: TF_ENABLE_ONEDNN_OPTS unset -> 0"
    ]
    later = {**first, "later_flags": [{"since": "2025", "flags": ONE}]}
    assert describe_flags(later, ONE) == []
    assert describe_flags(later, NONE)[0].endswith("TF_ENABLE_ONEDNN_OPTS 0 -> unset")


def test_a_run_that_recorded_none_says_so_where_there_are_some() -> None:
    assert add_flags(VERSIONS, ONE) == {}
    assert describe_flags(VERSIONS, NONE) == []
    assert describe_flags(VERSIONS, ONE) == [
        "the run did not record with which TF_ENABLE_ONEDNN_OPTS it began, so whether that changed is not known"
    ]
    assert describe_flags({}, ONE) == []
