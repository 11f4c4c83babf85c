from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError, DataError, KerasTuneError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.comparison import check_inputs, check_same, compare_parts


def session(fingerprint: str = "data", source_hash: str = "weights", precision: str = "float32") -> Any:
    return SimpleNamespace(
        source=SimpleNamespace(info=SimpleNamespace(fingerprint=fingerprint)),
        source_hash=source_hash,
        devices=SimpleNamespace(precision=precision, precision_reason="a reason"),
    )


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def test_a_new_run_has_nothing_to_be_the_same_as(run: RunDirectory) -> None:
    check_same(run, session())
    run.update_manifest(state="running")
    check_same(run, session())


def test_a_run_does_not_go_on_with_other_data_or_weights(run: RunDirectory) -> None:
    run.update_manifest(data_fingerprint="data", source_hash="weights", devices={"precision": "float32"})
    check_same(run, session())
    errors: list[tuple[Any, type[KerasTuneError], str]] = [
        (session(fingerprint="other"), DataError, "the data changed since .* began .fingerprint data, now other"),
        (
            session(source_hash="other"),
            ConfigError,
            "the pretrained weights changed since .* began .SHA-256 weights, now other",
        ),
        (
            session(precision="mixed_bfloat16"),
            ConfigError,
            "began in float32, and runtime.precision gives mixed_bfloat16 here .a reason",
        ),
    ]
    for changed, error, message in errors:
        with pytest.raises(error, match=message) as caught:
            check_same(run, changed)
        assert "--fresh" in str(caught.value)


VERSIONS = {"python": "3.11.1", "keras": "3.15.0", "keras-hub": "0.32.0"}
PARTS = {"structure": "s" * 64, "tokenizer": "t" * 64, "vocabulary": "v" * 64}


@pytest.fixture
def recorded(run: RunDirectory) -> RunDirectory:
    run.update_manifest(versions=VERSIONS, parts=PARTS)
    return run


def test_parts_as_they_were_bring_no_word(run: RunDirectory, recorded: RunDirectory) -> None:
    assert compare_parts(recorded, PARTS, VERSIONS) == []


def test_a_new_run_has_no_parts_to_compare(run: RunDirectory) -> None:
    run.update_manifest(state="running")
    assert compare_parts(run, PARTS, VERSIONS) == []


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("structure", "the layers of the backbone, their options or its preprocessing changed since"),
        ("tokenizer", "the tokenizer changed since"),
        ("vocabulary", "the vocabulary of the tokenizer changed since"),
    ],
)
def test_a_part_that_changed_is_refused(recorded: RunDirectory, part: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"{words} .* began \(SHA-256 .{{12}}, now x{{12}}\); .*--fresh"):
        compare_parts(recorded, {**PARTS, part: "x" * 64}, VERSIONS)


def test_versions_that_write_parts_down_otherwise_are_said_and_not_refused(recorded: RunDirectory) -> None:
    other = {**PARTS, "structure": "x" * 64, "tokenizer": "y" * 64}
    said = compare_parts(recorded, other, {**VERSIONS, "keras-hub": "0.33.0"})
    assert said == [
        "changed since the run began: keras-hub 0.32.0 -> 0.33.0",
        "whether the layers of the backbone, their options or its preprocessing and the tokenizer changed since the "
        "run began is not known: other versions write them down otherwise",
    ]
    # The words of a vocabulary are the same in every version.
    with pytest.raises(ConfigError, match="the vocabulary"):
        compare_parts(recorded, {**other, "vocabulary": "x" * 64}, {**VERSIONS, "keras-hub": "0.33.0"})


def test_what_an_earlier_run_did_not_record_is_said(run: RunDirectory) -> None:
    run.update_manifest(versions={"python": "3.11.1", "keras": "3.15.0"})
    said = compare_parts(run, {"structure": "s" * 64}, VERSIONS)
    assert "did not record which versions of keras-hub" in said[0]
    assert said[1].endswith("changed since the run began is not known: the run did not record them")


def test_rows_of_another_length_are_refused(run: RunDirectory) -> None:
    rows = {"names": ["token_ids"], "start": [2], "separator": [3], "end": [3], "pad": 0}
    plan = {"backbone": {"preprocessing": "none"}, "text": {"sequence_length": 32, "lengths": [32], "rows": rows}}
    check_inputs(run, plan, plan)
    check_inputs(run, {}, plan)
    other = {**plan, "text": {"sequence_length": 48, "lengths": [32], "rows": rows}}
    with pytest.raises(ConfigError, match=r"the length of a row of tokens changed since .* began \(32, now 48\)"):
        check_inputs(run, plan, other)
