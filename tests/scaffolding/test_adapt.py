"""Two configurations for texts: the first without labels, the second begins with its model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.backbones.run import plan_of
from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.notebook.speech import translate
from kerastune_ft.scaffolding.scaffold import init


def _write(folder: Path) -> Path:
    rows = [f"a long enough text about thing {row},{('good', 'bad')[row % 2]}" for row in range(60)]
    (folder / "notes.csv").write_text("\n".join(["text,label", *rows]))
    return folder / "notes.csv"


def _load(path: Path) -> dict:
    return json.loads(path.read_text())


def _read_data(path: Path) -> dict:
    return {key: value for key, value in _load(path)["data"].items() if not key.startswith("//")}


def test_the_texts_of_the_data_are_learnt_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = init(_write(tmp_path), backbone="BertBackbone", adapt="")
    first, second = _load(tmp_path / "notes-adapt.json"), _load(tmp_path / "notes.json")
    assert first["task"]["kind"] == "masked_lm"
    assert "label" not in first["data"]
    assert first["backbone"]["class"] == "BertBackbone"
    assert second["backbone"]["path"] == "runs/notes-adapt"
    assert second["data"]["splits"] == {"file": "runs/notes-adapt"}
    assert "compare with a run that has the backbone of notes-adapt.json" in second["backbone"]["// path"]
    read(first)
    read(second)
    assert written.next[1:] == [
        "python -m kerastune_ft run notes-adapt.json --run-dir runs/notes-adapt",
        "python -m kerastune_ft run notes.json",
    ]
    # Each is said by itself, so that it can be said as Python too.
    assert 'kt.run("notes-adapt.json", run_dir="runs/notes-adapt")' in translate("\n".join(written.next))
    assert written.to_json()["first"] == "notes-adapt.json"
    with pytest.raises(
        ConfigError, match=r"make it first: python -m kerastune_ft run notes-adapt.json --run-dir runs/"
    ):
        plan_of(EarlierRun(kind="run", path=str(tmp_path / "runs" / "notes-adapt")))


def test_other_texts_are_read_from_a_folder_or_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "one.txt").write_text("some text")
    init(_write(tmp_path), "a.json", backbone="BertBackbone", adapt="more")
    learnt = _read_data(tmp_path / "a-adapt.json")
    # What it brings is measured on labels, so that no text is kept for testing it.
    shares = {"splits": {"train": 0.9, "validation": 0.1}}
    assert learnt == {"kind": "folder", "path": "more", **shares}
    assert set(_load(tmp_path / "a.json")["data"]["splits"]) == {"train", "validation", "test"}
    (tmp_path / "more.csv").write_text("words\nsome text\n")
    init(tmp_path / "notes.csv", "b.json", backbone="BertBackbone", adapt="more.csv")
    assert _read_data(tmp_path / "b-adapt.json") == {"kind": "table", "path": "more.csv", "input": "words", **shares}
    (tmp_path / "two.csv").write_text("words,others\nsome,text\n")
    with pytest.raises(ConfigError, match=r"which column of two.csv holds the texts: it has words, others"):
        init(tmp_path / "notes.csv", "c.json", backbone="BertBackbone", adapt="two.csv")
    with pytest.raises(ConfigError, match=r"neither a folder of .txt files nor a table"):
        init(tmp_path / "notes.csv", "d.json", backbone="BertBackbone", adapt="nothing")
    assert not (tmp_path / "d.json").exists()


def test_long_texts_are_read_in_blocks_of_a_length_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.csv").write_text("text\n" + "many words of this kind " * 60 + "\n\n")
    written = init(_write(tmp_path), "a.json", backbone="bert_base_en", adapt="long.csv")
    learnt = _read_data(tmp_path / "a-adapt.json")
    assert learnt["sequence_length"] == 256
    assert any(line.startswith("texts without labels: 1 text in ") for line in written.seen)
    read(_load(tmp_path / "a-adapt.json"))
    # The tokens of a small model of random weights are bytes, of which a row of usual length holds a sentence.
    init("notes.csv", "b.json", backbone="BertBackbone", adapt="long.csv")
    assert "sequence_length" not in _read_data(tmp_path / "b-adapt.json")


def test_rows_without_a_label_are_learnt_by_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open(_write(tmp_path), "a") as file:
        file.write("\na text of which nobody said what it is,")
    init("notes.csv", backbone="BertBackbone", adapt="")
    first = _load(tmp_path / "notes-adapt.json")["data"]
    assert first["on_missing"] == "skip"
    assert first["// on_missing"] == "rows without text are skipped; those without label are learnt too"


def test_a_model_that_writes_learns_other_texts_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day to you"}]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps({"messages": chat}) + "\n" for _ in range(30)))
    (tmp_path / "more.csv").write_text("text\n" + "many words of this kind " * 60 + "\n")
    with pytest.raises(ConfigError, match=r"learns the texts of these data as they are; give it other ones"):
        init("chats.jsonl", backbone="GPT2Backbone", adapt="")
    init("chats.jsonl", backbone="GPT2Backbone", adapt="more.csv")
    first = _load(tmp_path / "chats-adapt.json")
    assert (first["task"]["kind"], first["data"]["input"]) == ("causal_lm", "text")
    assert "sequence_length" not in first["data"], "blocks are as long as rows of the preset"
    read(first)
