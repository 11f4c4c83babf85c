"""scripts/measure_defaults.py: what it draws, what a setting changes, and what its tables say."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from tests.support.init_data import write_image, write_table


def images(folder: Path, count: int = 20) -> Path:
    for split in ("train", "test"):
        for label in ("cat", "dog"):
            for number in range(count):
                write_image(folder / "images/pets" / split / label / f"{number}.png")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))


def test_a_seed_draws_the_subset_and_its_validation(tmp_path: Path) -> None:
    from measurements.defaults import sets

    data = images(tmp_path / "data")
    drawn = [
        Path(sets.prepare("images/pets:10", seed, data, tmp_path, tmp_path / place)["data"]["path"])
        for place, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, again, other = map(names, drawn)
    assert first == again != other
    assert {split: len(list((drawn[0] / split).rglob("*.png"))) for split in ("train", "validation", "test")} == {
        "train": 16,
        "validation": 4,
        "test": 40,
    }
    by_split = [set(path.name for path in (drawn[0] / split / "cat").iterdir()) for split in ("train", "validation")]
    assert not by_split[0] & by_split[1]


def test_texts_of_every_seed_are_the_same_and_divided_otherwise(tmp_path: Path) -> None:
    from measurements.defaults import sets

    for split in ("train", "test"):
        rows = [{"text": f"{split} {number}", "label": "ab"[number % 2]} for number in range(40)]
        write_table(tmp_path / f"text/notes/{split}.csv", rows)
    parts: list[dict[str, set[str]]] = []
    for seed in (1, 2):
        config = sets.prepare("text/notes:20", seed, tmp_path, tmp_path, tmp_path / "sets")
        folder = Path(config["data"]["path"]).parent
        parts.append(
            {
                path.stem: {row["text"] for row in csv.DictReader(path.read_text().splitlines())}
                for path in folder.iterdir()
            }
        )
    assert [{name: len(texts) for name, texts in part.items()} for part in parts] == [
        {"train": 17, "validation": 3, "test": 30}
    ] * 2
    assert parts[0]["train"] | parts[0]["validation"] == parts[1]["train"] | parts[1]["validation"]
    assert parts[0]["validation"] != parts[1]["validation"]


def test_every_setting_is_a_configuration_that_is_read(tmp_path: Path) -> None:
    from measurements.defaults import settings

    base: dict[str, Any] = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(tmp_path)},
        "backbone": {"kind": "applications", "name": "MobileNet", "weights": None},
    }
    for name, table in settings.TABLES.items():
        found = [read(settings.change(base, changes)) for changes in table.settings.values()]
        assert len({str(config.to_json()) for config in found}) == len(found), f"{name} has settings that are the same"
    assert "phases" not in base


def test_a_change_replaces_keys_of_maps_and_whole_lists() -> None:
    from measurements.defaults import settings

    base = {"data": {"kind": "folder", "path": "a"}, "phases": [1, 2]}
    changed = settings.change(base, {"data": {"resize": "pad"}, "phases": [3]})
    assert changed == {"data": {"kind": "folder", "path": "a", "resize": "pad"}, "phases": [3]}
    assert base["phases"] == [1, 2]


def test_tables_have_the_means_and_their_standard_errors() -> None:
    import measure_defaults

    rows = [
        {"table": "t", "set": "s", "setting": "now", "seed": seed, "validation": 0.5, "test": test}
        for seed, test in enumerate((0.5, 0.6, 0.7))
    ]
    line = measure_defaults._sheet("t", rows).markdown().splitlines()[-1]
    # The deviation of .5, .6 and .7 is .1, and the root of 3 is 1.73.
    assert line == "| now | 0.500±0.000 / 0.600±0.058 |"


@pytest.mark.slow
def test_a_trial_trains_and_is_measured(tmp_path: Path) -> None:
    from measurements.defaults import trials

    found = trials.run(
        {
            "task": {"kind": "image_classification"},
            "data": {"kind": "tfds", "name": "digits"},
            "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
            "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.003}],
        },
        1,
    )
    assert found["epochs"] == [[2, 2]]
    assert found["test"] > 0.3
