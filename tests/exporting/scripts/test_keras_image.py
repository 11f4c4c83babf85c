from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from kerastune_ft.exporting.scripts import keras_image as script
from tests.support.tiny_servings import classes_task, make_serving, photo


def test_images_of_all_sizes_are_answered_as_by_the_saved_model(tmp_path: Path) -> None:
    serving = make_serving(classes_task())
    serving.model().save(tmp_path / "model.keras")
    about = {
        "answers": {"are_numbers": False, "thresholds": None, "outputs": ["probabilities"]},
        "image": {"intensity": None},
        "packages": [],
    }
    (tmp_path / "preprocessing.json").write_text(json.dumps(about))
    (tmp_path / "labels.json").write_text('["cat", "dog", "owl"]')
    images = [photo(9, 7), photo(20, 31), photo(6, 8)]
    answers = script.predict(script.load(tmp_path), images)
    wanted = serving.call(serving.model(), images)
    found = [list(answer["probabilities"].values()) for answer in answers]
    assert np.abs(np.array(found) - wanted).max() < 1e-6
    assert [answer["label"] for answer in answers] == [("cat", "dog", "owl")[number] for number in wanted.argmax(1)]
