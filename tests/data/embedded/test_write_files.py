from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.embedded import dialogues, listings, robot, summaries
from kerastune_ft.data.embedded.write_files import write_files
from kerastune_ft.errors import ConfigError


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_table_holds_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (robot, listings):
        monkeypatch.setattr(module, "SPLITS", {"train": range(2), "test": range(2, 4)})
    found = rows(write_files("robot", tmp_path / "robot"))
    assert [row["split"] for row in found] == ["train", "train", "test", "test"]
    for index, row in enumerate(found):
        with Image.open(tmp_path / "robot" / row["image"]) as image:
            assert np.array_equal(np.asarray(image), robot.image(index))
        assert (float(row["speed"]), float(row["turn"])) == robot.numbers(index)
        assert (float(row["steer"]), float(row["throttle"])) == robot.label(index)
    found = rows(write_files("listings", tmp_path / "listings"))
    for index, row in enumerate(found):
        numbers = tuple(float(row[name]) if row[name] else None for name in listings.NUMBERS)
        assert numbers == listings.numbers(index)
        assert (row["district"], row["text"]) == (*listings.words(index), listings.text(index))
        assert row["label"] == listings.CLASSES[listings.label(index)]


def test_sets_that_need_no_files_and_places_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only dialogues, listings, robot, summaries are written as files"):
        write_files("shapes", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="name a folder that can be written"):
        write_files("robot", tmp_path / "file")


def test_dialogues_are_lines_of_json(tmp_path: Path) -> None:
    table = write_files("dialogues", tmp_path)
    found = [json.loads(line) for line in table.read_text().splitlines()]
    assert (table.name, len(found), found[599]["split"]) == ("dialogues.jsonl", 600, "test")
    messages = [(message["role"], message["content"]) for message in found[0]["messages"]]
    assert messages == [*dialogues.context(0), ("assistant", dialogues.answer(0))]
    found = [json.loads(line) for line in write_files("summaries", tmp_path).read_text().splitlines()]
    assert found[7] == {"split": "train", "text": summaries.text(7)[0], "summary": summaries.answer(7)}
