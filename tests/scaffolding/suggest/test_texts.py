"""`init` on texts: which column they are in, what is learned from them, and with which backbone and schedule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft import init
from kerastune_ft.backbones.hub import presets
from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.suggest import images
from tests.support.init_data import prose, read_written, write_image, write_sound, write_table

Rows = list[dict[str, Any]]


def start(rows: Rows, name: str = "t.csv") -> Any:
    """Return the configuration written for a table, once a run's source was opened on it."""
    write_table(Path(name), rows)
    init(name)
    config = read("t.json")
    open_source(config.data, config.task, Path("cache"), lambda _: None)
    return read_written("t.json")


def rows(count: int = 30, **columns: Any) -> Rows:
    """Return rows whose cells are made of their number."""
    return [{name: make(number) for name, make in columns.items()} for number in range(count)]


def test_a_column_of_prose_and_a_label_are_text_classification() -> None:
    document = start(rows(text=prose, label=lambda n: ("neg", "pos")[n % 2]))
    assert document["task"]["kind"] == "text_classification"
    assert document["task"]["positive"] == "pos"
    assert (document["data"]["input"], document["data"]["label"]) == ("text", "label")
    assert "median of 9 words" in document["data"]["// input"]
    assert document["head"]["pooling"] == "mean"


def test_without_a_way_to_presets_the_backbone_is_random_and_says_what_to_write() -> None:
    backbone = start(rows(text=prose, label=lambda n: n % 2))["backbone"]
    assert (backbone["kind"], backbone["class"]) == ("keras_hub", "BertBackbone")
    assert '"preset": "all_minilm_l6_v2_en"' in backbone["// class"]


@pytest.mark.parametrize(
    ("device", "letters", "preset"),
    [
        ("cpu", "", "all_minilm_l6_v2_en"),
        ("gpu", "", "distil_bert_base_en_uncased"),
        ("cpu", " ändert größtes", "distil_bert_base_multi"),
        ("gpu", " очень", "xlm_roberta_base_multi"),
    ],
)
def test_the_preset_fits_the_machine_and_the_language(
    device: str, letters: str, preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "device", lambda: device)
    monkeypatch.setattr(presets, "locate", lambda name, known: known[name]["kaggle_handle"])
    document = start(rows(200, text=lambda n: prose(n) + letters, label=lambda n: n % 2))
    assert document["backbone"]["preset"] == preset
    assert "downloaded at the first run" in document["backbone"]["// preset"]
    head, top = document["phases"]
    assert (head["unfreeze"], head["learning_rate"]) == ("none", 0.003)
    assert (top["unfreeze"], top["learning_rate"]) == ({"last": 2}, {"peak": 0.0001, "shape": "linear", "warmup": 0.1})


def test_a_preset_that_is_at_hand_is_taken_where_the_best_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = presets.locate

    def locate(name: str, known: dict[str, Any]) -> str:
        return "/cache/there" if name == "distil_bert_base_en_uncased" else absent(name, known)

    monkeypatch.setattr(presets, "locate", locate)
    backbone = start(rows(text=prose, label=lambda n: n % 2))["backbone"]
    assert backbone["preset"] == "distil_bert_base_en_uncased"
    assert "already in the cache" in backbone["// preset"]


def test_few_texts_train_the_head_alone_and_long_ones_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "locate", lambda name, known: "/cache/there")
    document = start(rows(text=lambda n: prose(n, 300), label=lambda n: n % 2))
    assert [phase["name"] for phase in document["phases"]] == ["head"]
    assert document["data"]["sequence_length"] == 256


@pytest.mark.parametrize(
    ("first", "second", "is_pair"),
    [
        ("question", "answer", True),
        ("Sentence1", "Sentence2", True),
        ("text_a", "text_b", True),
        ("premise", "hypothesis", True),
        ("query", "document", True),
        ("headline", "body", True),
        ("title", "review", False),
    ],
)
def test_two_columns_with_the_names_of_a_pair_are_one(first: str, second: str, is_pair: bool) -> None:
    made = {"id": str, first: prose, second: lambda n: prose(n + 500), "label": lambda n: n % 2}
    data = start(rows(**made))["data"]
    assert data["input"] == ([first, second] if is_pair else second)


def test_amounts_of_a_pair_are_a_regression() -> None:
    document = start(rows(sentence1=prose, sentence2=lambda n: prose(-n - 1), score=lambda n: n / 7))
    assert (document["task"]["kind"], document["data"]["label"]) == ("text_regression", "score")


def test_what_stands_in_several_pairs_stays_in_one_split() -> None:
    made = rows(60, premise=lambda n: prose(n // 3), hypothesis=prose, label=lambda n: "nec"[n % 3])
    assert start(made)["data"]["group"] == "premise"


def test_grades_are_classes_and_asked_about() -> None:
    document = start(rows(60, review=prose, rating=lambda n: n % 5 + 1))
    assert document["task"]["kind"] == "text_classification"
    assert any('"kind": "text_regression"' in remark for remark in document["//"])


def test_labels_with_bars_are_several_and_an_empty_cell_is_none_of_them() -> None:
    labels = ("a", "a|b", "b", "c|a", "")
    document = start(rows(40, ticket_id=str, message=prose, labels=lambda n: labels[n % 5]))
    assert document["task"]["multi_label"] is True
    assert document["data"]["label"] == {"column": "labels", "separator": "|", "none": ""}
    assert any("8 rows of the table have no label" in remark for remark in document["//"])


def test_columns_of_0_and_1_are_labels_of_their_own() -> None:
    made = rows(40, comment_text=prose, toxic=lambda n: n % 2, insult=lambda n: n // 2 % 2)
    assert start(made)["data"]["label"] == ["toxic", "insult"]


def test_empty_texts_and_labels_are_counted_and_left_out() -> None:
    made = rows(40, text=lambda n: prose(n) if n > 2 else " ", label=lambda n: "ab"[n % 2] if n < 39 else "")
    data = start(made)["data"]
    assert data["on_missing"] == "skip"
    assert data["// on_missing"] == "skipped of 40 rows: 3 without text, 1 without label"


def test_of_several_columns_the_name_decides_else_the_length_and_it_is_asked() -> None:
    made = rows(40, remarks=prose, comment=prose, background=lambda n: prose(n, 20), outcome=lambda n: n % 2)
    document = start(made)
    assert document["data"]["input"] == "comment"
    assert '"remarks" and "background" hold texts too' in document["//"][1]
    for row in made:
        del row["comment"]
    Path("t.json").unlink()
    assert start(made)["data"]["input"] == "background"


def test_split_and_group_columns_are_used() -> None:
    made = rows(40, sentence=prose, author=lambda n: n // 4, sentiment=lambda n: n % 2,
                split=lambda n: ("train", "train", "dev", "test")[n % 4])  # fmt: skip
    data = start(made)["data"]
    assert data["splits"] == {"column": "split"}
    made = [{name: cell for name, cell in row.items() if name != "split"} for row in made]
    Path("t.json").unlink()
    assert start(made)["data"]["group"] == "author"


def test_columns_that_name_files_win_over_prose() -> None:
    made = rows(20, file=lambda n: f"{n}.png", caption=prose, label=lambda n: n % 2)
    for row in made:
        write_image(Path(row["file"]))
    write_table(Path("t.csv"), made)
    assert init("t.csv").task == "image_classification"


def test_numbers_that_are_names_of_some_files_beside_are_no_files() -> None:
    for number in range(5):
        write_sound(Path(f"takes/{number + 1}.wav"))
    assert start(rows(40, review=prose, rating=lambda n: n % 5 + 1))["data"]["input"] == "review"


def test_files_that_are_not_there_are_asked_about() -> None:
    write_table(Path("t.csv"), rows(20, file=lambda n: f"{n}.png", report=prose, label=lambda n: n % 2))
    assert '"file" names files, but none exists below' in init("t.csv").asks[0]


def test_a_table_of_neither_files_nor_prose_says_so() -> None:
    write_table(Path("t.csv"), rows(name=lambda n: f"Jo {n}", city=lambda n: "New York", label=lambda n: n % 2))
    with pytest.raises(DataError, match=r"no column holds texts, and there is no image or sound(.|\n)*city: New York"):
        init("t.csv")


def test_chinese_needs_no_blanks_between_words() -> None:
    made = rows(text=lambda n: f"这部电影非常好看我很喜欢{chr(0x4E00 + n)}", label=lambda n: n % 2)
    assert start(made)["data"]["input"] == "text"


def test_tables_of_splits_beside_are_named() -> None:
    made = rows(text=prose, label=lambda n: n % 2)
    for name in ("train", "dev", "test"):
        write_table(Path(f"d/{name}.csv"), made)
    begun = init("d")
    data = read_written("d.json")["data"]
    assert (data["path"], data["splits"]) == ("d/train.csv", {"validation": "dev.csv", "test": "test.csv"})
    assert any(note.startswith("tables as splits: train ") for note in begun.seen)


def test_json_lines_and_parquet_are_read_too() -> None:
    import pandas

    made = rows(headline=prose, body=lambda n: prose(n, 30), stance=lambda n: ("agree", "disagree")[n % 2])
    Path("a.jsonl").write_text("\n".join(map(json.dumps, made)))
    pandas.DataFrame(made).to_parquet("b.parquet")
    for name in ("a.jsonl", "b.parquet"):
        begun = init(name)
        assert (begun.task, dict(begun.counts)) == ("text_classification", {"agree": 15, "disagree": 15})


def test_folders_of_text_files_are_classes() -> None:
    for number in range(12):
        for name in ("ham", "spam"):
            Path("mails", name).mkdir(parents=True, exist_ok=True)
            Path("mails", name, f"{number}.txt").write_text(prose(number) if number else " \n")
    begun = init("mails")
    document = read_written("mails.json")
    assert document["task"]["kind"] == "text_classification"
    assert document["data"]["kind"] == "folder"
    assert document["data"]["// on_missing"] == "2 files of 24 without text are skipped"
    assert dict(begun.counts) == {"ham": 12, "spam": 12}
    config = read("mails.json")
    assert len(open_source(config.data, config.task, Path("cache"), lambda _: None).texts) == 22  # type: ignore[attr-defined]


def test_text_files_of_another_encoding_are_told() -> None:
    for name in ("a", "b"):
        for number in range(5):
            Path(name).mkdir(exist_ok=True)
            Path(name, f"{number}.txt").write_bytes(prose(number).encode() + b" caf\xe9")
    assert "10 files of 10 opened cannot be read as UTF-8" in init(".", "x.json").asks[0]


def test_lists_beside_the_class_folders_hide_no_split_and_unsorted_texts_are_asked_about() -> None:
    for split, names in (("train", ("neg", "pos", "unsup")), ("test", ("neg", "pos"))):
        for name in names:
            for number in range(4):
                Path("imdb", split, name).mkdir(parents=True, exist_ok=True)
                Path("imdb", split, name, f"{number}.txt").write_text(prose(number))
        Path("imdb", split, "urls.txt").write_text("http://films")
    Path("imdb/README.txt").write_text("films")
    begun = init("imdb")
    assert dict(begun.counts) == {"neg": 8, "pos": 8, "unsup": 4}
    assert read_written("imdb.json")["data"]["splits"] == {"train": "train", "test": "test"}
    assert 'is "unsup" a class' in begun.asks[0]


def test_a_first_line_that_is_an_example_is_asked_about() -> None:
    write_table(Path("t.csv"), rows(**{"a long and slow film for nobody": prose, "1": lambda n: n % 2}))
    assert "first line of a table must name its columns" in init("t.csv").asks[0]


def test_the_handles_are_those_of_keras_hub() -> None:
    keras_hub = pytest.importorskip("keras_hub")
    from kerastune_ft.scaffolding.suggest.texts import HANDLES

    known = keras_hub.models.Backbone.presets
    # Versions grow; the model does not change its place.
    assert {name: known[name]["kaggle_handle"].rsplit("/", 1)[0] for name in HANDLES} == {
        name: handle.rsplit("/", 1)[0] for name, handle in HANDLES.items()
    }


def test_topics_beside_a_label_are_asked_about() -> None:
    columns = {"text": prose, "sentiment": lambda n: ("neg", "pos")[n % 2], "category": lambda n: "abc"[n % 3]}
    write_table(Path("t.csv"), rows(**columns))
    assert any('"sentiment" could also be the label (2 values)' in each for each in init("t.csv").asks)
