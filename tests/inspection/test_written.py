from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.config.options.language.tasks import CausalLm, SpeechRecognition
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.data.dialogues.turns import make_pair
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.inspection.document import describe_inspection
from kerastune_ft.inspection.page import write_page
from kerastune_ft.inspection.written import inspect_answers
from kerastune_ft.training.watch import Watcher

LONG = "a sentence of some length that nobody else in these examples says"
PAIRS = [
    *((f"{number * 7919} what of number {number}?", f"the answer is {number * 104729}") for number in range(20)),
    ("7919 what of number 1?", "the answer is 104729"),
    ("7919 what of number 1?", "nobody knows"),
    (LONG, f"{LONG}!"),
    (f"{LONG}!", f"{LONG}"),
]


def make_session(task: Any, answers: list[str], **source: Any) -> Any:
    """A session of as many examples, the second half of them test."""
    every = np.arange(len(answers))
    made = SimpleNamespace(
        keys=[f"secret {number}" for number in every],
        splits={"train": every[:12], "test": every[12:]},
        label_texts=answers,
        label_content=answers.__getitem__,
        input_hashes=[f"{number:064x}" for number in every],
        groups=None,
        info=SimpleNamespace(fingerprint="0f" * 32, skipped=(), excluded={}),
        find_lost=list,
        **source,
    )
    config = SimpleNamespace(
        task=task, name="chats", seed=1, modality=facts(task).modality, data=SimpleNamespace(kind="table")
    )
    shape = SimpleNamespace(predicts_masks=False, predicts_boxes=False)
    return SimpleNamespace(config=config, source=made, task=shape)


def test_what_was_planted_among_prompts_is_found_and_no_answer_called_wrong() -> None:
    dialogues = [make_pair(*pair) for pair in PAIRS]
    task = CausalLm(kind="causal_lm")
    session = make_session(task, [answer for _, answer in PAIRS], read_dialogue=dialogues.__getitem__)
    session.source.info.skipped = (SkippedFile("line 30", "its message 2 (assistant) is empty; write it"),)
    found = inspect_answers(session, Watcher())
    rows = {finding.kind: [row.positions for row in finding.rows] for finding in found.findings}
    assert rows["exact_copies"] == [(1, 20)]
    assert rows["near_copies"] == [(22, 23)]
    assert rows["several_answers"] == [(1, 20, 21)]
    assert rows["echoes"] == [(22,), (23,)]
    assert "conflicts" not in rows and "label_errors" not in rows
    # The copy in train goes, of those in test the second.
    assert found.exclusions.reasons == {1: "copy of secret 20 in test"}
    document = describe_inspection(found, True)
    damaged = found.find("damaged")
    assert damaged is not None
    assert damaged.detail == "1 its message 2 (assistant) is empty"
    assert damaged.advice == 'mend or remove them, or write  "on_missing": "skip"  in data'
    assert "label" not in document["exclude"]["rule"]
    assert "likely label errors" not in document["clean"] and "copies with different labels" not in document["clean"]
    assert document["not_looked_for"][0].startswith("labels: answers are texts, of which several may be right")
    page = write_page(found, document, "", session)
    assert "assistant: nobody knows" in page and "by the features of" not in page
    hidden = describe_inspection(found, False)
    assert "secret" not in str(hidden) and "nobody" not in str(hidden)


def test_of_sounds_the_same_ones_are_found_with_transcripts_that_differ() -> None:
    random = np.random.default_rng(1)
    waves = [random.normal(0, 0.1, 1600).astype(np.float32) for _ in range(20)]
    waves[15] = waves[3]
    waves[16] = waves[4]
    answers = ["one two three"] * 20
    answers[16] = "four"
    answers[6] = "so many words that nobody says them in a tenth of a second " * 4
    session = make_session(
        SpeechRecognition(kind="speech_recognition"),
        answers,
        sound_seconds=np.full(20, 0.1),
        read_input=lambda index: {"samples": waves[int(index)], "rate": np.int32(16000)},
    )
    found = inspect_answers(session, Watcher())
    rows = {finding.kind: [row.positions for row in finding.rows] for finding in found.findings}
    assert rows == {"exact_copies": [(3, 15), (4, 16)], "conflicts": [(4, 16)], "odd_sizes": [(6,)]}
    assert set(found.exclusions.reasons) == {3, 4}
