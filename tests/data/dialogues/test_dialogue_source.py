from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.data.dialogues.turns import Turn
from tests.support.dialogue_files import open_texts


def test_arrays_of_questions_and_answers_are_dialogues(tmp_path: Path) -> None:
    questions = np.array([f"question {number}" for number in range(12)])
    answers = np.array([f"answer {number}" for number in range(12)])
    np.savez(tmp_path / "pairs.npz", x=questions, y=answers)
    source = open_texts(ArraysData(path=str(tmp_path / "pairs.npz")), tmp_path / "cache")
    assert source.read_dialogue(3) == (Turn("user", "question 3"), Turn("assistant", "answer 3"))
    assert source.label_texts[3] == "answer 3"
    assert source.element(tf.constant(3, tf.int64))["texts"].numpy().tolist() == [b"question 3"]
