"""scripts/faults/drawn.py: every key of a phase is drawn, and what is drawn can be read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.read import read


def test_every_key_of_a_phase_is_a_row_and_any_seed_gives_a_configuration(tmp_path: Path) -> None:
    from faults import drawn

    written = {key for row in drawn.OF_PHASES for way in row.ways for key in way}
    assert set(Phase.model_fields) - written == {"name"}, "a key that chaos.py does not draw"
    found: Counter[str] = Counter()
    for seed in range(60):
        folder = tmp_path / str(seed)
        folder.mkdir()
        document = json.loads(drawn.write(folder, "none", seed).read_text())
        read(document)
        if isinstance(document["phases"], list):
            found.update(key for phase in document["phases"] for key in phase)
    assert found.keys() > {"mixup", "ema", "loss", "keep_if_better", "on_divergence", "augment", "carry_optimizer"}


def test_a_seed_draws_the_same_again(tmp_path: Path) -> None:
    from faults import drawn

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, other = (drawn.write(tmp_path / name, "none", 3).read_text() for name in ("a", "b"))
    assert one.replace(str(tmp_path / "a"), "") == other.replace(str(tmp_path / "b"), "")


def test_what_is_refused_is_taken_out() -> None:
    from faults import drawn

    document = {
        "task": {"kind": "text_classification"},
        "data": {"kind": "table", "path": "t.csv", "input": "text", "label": "label"},
        "backbone": {"kind": "keras_hub", "class": "BertBackbone"},
        "phases": [{"name": "a", "unfreeze": "all", "epochs": 1, "learning_rate": 0.1, "mixup": 0.3, "ema": 0.5}],
    }
    left = drawn.drop_problems(document)["phases"][0]
    assert left == {"name": "a", "unfreeze": "all", "epochs": 1, "learning_rate": 0.1, "ema": 0.5}
    solved = {**document["phases"][0], "unfreeze": "none", "optimizer": "lbfgs"}
    left = drawn.drop_problems({**document, "phases": [solved]})["phases"][0]
    assert left == {"name": "a", "unfreeze": "none", "epochs": 1, "optimizer": "lbfgs"}
