from __future__ import annotations

from kerastune_ft.data.change import DataChange, name_fingerprints


def test_a_change_is_described_by_split_with_a_few_names() -> None:
    change = DataChange(
        "1" * 64, "2" * 64, {"test": ["a", "b", "c", "d"]}, ["e"], {"train": ['f: "x", now "y"', 'g: "y", now "x"']}
    )
    assert change.describe() == (
        '4 test examples gone (a, b, c and 1 more); 1 example new (e); 2 train examples with another label (f: "x", '
        'now "y", g: "y", now "x")'
    )
    assert change.touches("test") and change.touches("train")
    assert not change.touches("validation")


def test_examples_that_only_moved_are_said_to_have_moved() -> None:
    assert "in another order" in DataChange("1", "2", {}, [], {}).describe()


def test_fingerprints_are_shortened() -> None:
    assert name_fingerprints("1" * 64, "2" * 64) == f"fingerprint {'1' * 12}, now {'2' * 12}"
