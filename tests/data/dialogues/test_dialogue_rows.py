from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas
import pytest

from kerastune_ft.config.options.data import TableData
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import ConfigError, DataError
from tests.support.dialogue_files import make_messages, open_texts, write_lines

CHATS = [make_messages(f"Question {row}?", "What?", f"That: {row}.", f"Answer {row}.") for row in range(20)]


def open_table(path: Path, **options: Any) -> DialogueSource:
    return open_texts(TableData(path=str(path), **options), path.parent / "cache")


def test_every_format_of_a_table_gives_the_same_dialogues(tmp_path: Path) -> None:
    rows = [{"topic": f"t{row % 7}", "messages": chat} for row, chat in enumerate(CHATS)]
    frame = pandas.DataFrame(rows)
    frame.to_parquet(tmp_path / "p.parquet")
    frame.to_csv(tmp_path / "python.csv", index=False)
    frame.assign(messages=[json.dumps(chat) for chat in CHATS]).to_csv(tmp_path / "json.csv", index=False)
    files = [write_lines(tmp_path / "l.jsonl", rows), *(tmp_path / name for name in ("p.parquet", "python.csv"))]
    found = [open_table(path, input="messages", group="topic") for path in (*files, tmp_path / "json.csv")]
    for source in found:
        assert source.read_dialogue(4)[-2:] == (Turn("user", "That: 4."), Turn("assistant", "Answer 4."))
        assert len(source.read_dialogue(4)) == 4
        assert source.label_texts[4] == "Answer 4."
        assert source.contents == found[0].contents
        assert source.groups == found[0].groups
        assert {split: list(own) for split, own in source.splits.items()} == {
            split: list(own) for split, own in found[0].splits.items()
        }
    assert found[0].keys[4] == "line 5"
    assert len(set(found[0].contents)) == 20
    assert list(splits_table(found[0])[0]) == ["input", "label", "split", "group", "content"]


def test_contents_cover_all_turns(tmp_path: Path) -> None:
    """The one that all randomness and stores know an example by changes with any of its turns."""
    chat = make_messages("a", "b", "c", "d", system="s")
    others = []
    for place in range(5):
        other = [dict(message) for message in chat]
        other[place]["content"] += "!"
        others.append(other)
    rows = [{"messages": each} for each in (chat, *others, *CHATS[:6])]
    source = open_table(write_lines(tmp_path / "c.jsonl", rows), input="messages")
    assert len(set(source.contents)) == len(rows)


def test_a_pair_is_the_same_example_as_two_messages(tmp_path: Path) -> None:
    pairs = [(f"Why {row}?", f"So {row}.") for row in range(12)]
    messages = write_lines(tmp_path / "m.jsonl", [{"messages": make_messages(*pair)} for pair in pairs])
    table = write_lines(tmp_path / "p.jsonl", [{"prompt": one, "response": other} for one, other in pairs])
    contexts = write_lines(
        tmp_path / "c.jsonl", [{"prompt": make_messages(one), "response": other} for one, other in pairs]
    )
    found = [
        open_table(messages, input="messages"),
        open_table(table, input="prompt", label="response"),
        open_table(contexts, input="prompt", label="response"),
    ]
    for source in found:
        assert source.read_dialogue(1) == (Turn("user", "Why 1?"), Turn("assistant", "So 1."))
        assert source.contents == found[0].contents
        assert source.label_texts == found[0].label_texts


def test_answers_are_taken_letter_by_letter(tmp_path: Path) -> None:
    """Labels of classes are brought to one spelling, and lists among them are labels; texts are what they are."""
    answers = ["['a', 'b']", "e\u0301", "007", "Two  words\nand a line", "true"] * 3
    rows = [{"prompt": f"q{row}", "response": answer} for row, answer in enumerate(answers)]
    source = open_table(write_lines(tmp_path / "a.jsonl", rows), input="prompt", label="response")
    assert source.label_texts == answers


def test_texts_without_a_label_are_learnt_whole(tmp_path: Path) -> None:
    rows = [{"text": f"a text {row}", "title": f"T{row}"} for row in range(12)]
    path = write_lines(tmp_path / "t.jsonl", rows)
    source = open_table(path, input="text")
    assert (source.read_dialogue(3), source.label_texts[3]) == ((Turn("text", "a text 3"),), "")
    assert open_table(path, input="{title}: {text}").read_dialogue(3) == (Turn("text", "T3: a text 3"),)


def test_what_cannot_be_learnt_is_refused_with_its_place_or_left_out(tmp_path: Path) -> None:
    rows = [{"messages": chat} for chat in (*CHATS[:12], make_messages("alone"), [*CHATS[1], CHATS[1][-1]])]
    path = write_lines(tmp_path / "b.jsonl", rows)
    with pytest.raises(DataError, match=r"2 dialogues of 14 in .* cannot be learnt") as refused:
        open_table(path, input="messages")
    assert "line 13  has no answer" in str(refused.value)
    assert "line 14  has two answers in a row" in str(refused.value)
    assert '"on_missing": "skip"' in str(refused.value)
    source = open_table(path, input="messages", on_missing="skip")
    assert source.info.examples == 12
    assert [file.path for file in source.info.skipped] == ["line 13", "line 14"]
    assert any("2 examples left out" in note for note in source.info.notes)
    with pytest.raises(DataError, match=r"no dialogue in .* can be learnt; line 1 has no answer"):
        open_table(write_lines(path, [{"messages": make_messages("alone")}]), input="messages", on_missing="skip")


def test_what_is_read_otherwise_is_said(tmp_path: Path) -> None:
    chats = [[{"from": each["role"], "value": each["content"]} for each in chat] for chat in CHATS]
    chats[0].append({"from": "human", "value": "And?"})
    source = open_table(write_lines(tmp_path / "s.jsonl", [{"c": chat} for chat in chats]), input="c")
    said = " ".join(source.info.notes)
    assert "as ShareGPT writes them" in said
    assert "1 dialogue ends with a question, which is left out" in said


def test_same_questions_with_other_answers_are_said(tmp_path: Path) -> None:
    pairs = [(f"Why {row}?", f"So {row}.") for row in range(12)] + [("Why 1?", "Otherwise.")]
    rows = [{"prompt": one, "response": other} for one, other in pairs]
    source = open_table(
        write_lines(tmp_path / "p.jsonl", rows),
        input="prompt",
        label="response",
        splits={"train": 0.5, "validation": 0.5},
    )
    assert any("identical texts" in note for note in source.info.notes)


def test_answers_that_are_no_texts_are_refused(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"prompt": "q", "response": "a"}] * 9 + [{"prompt": "q", "response": ["a", "b"]}]
    path = write_lines(tmp_path / "p.jsonl", rows)
    with pytest.raises(DataError, match=r'column "response" .* has no plain text in lines? 10'):
        open_table(path, input="prompt", label="response")
    with pytest.raises(ConfigError, match="name one column"):
        open_table(path, input="prompt", label=("response", "prompt"))
