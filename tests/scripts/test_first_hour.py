"""`scripts/benchmark.py first-hour`: what the script by hand gets of a proposal, and what its table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from tests.support.init_data import write_table

HEAD = {
    "name": "head",
    "unfreeze": "none",
    "epochs": 9,
    "learning_rate": 0.003,
    "early_stopping": {"patience": 5},
}
TOP = {"name": "top", "unfreeze": "all", "epochs": 4, "learning_rate": {"peak": 0.0001, "shape": "cosine"}}


def proposal(tmp_path: Path, *phases: dict[str, Any]) -> Any:
    from measurements import first_hour

    config = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(tmp_path)},
        "backbone": {"kind": "applications", "name": "MobileNet", "weights": None},
        "defaults": {"batch_size": 8, "early_stopping": {"patience": 3}},
        "phases": list(phases),
    }
    trained = ["block/kernel", "block/bias", "last/kernel", "head_output/kernel"]
    last = {"trained_variables": trained, "trainable_parameters": 77}
    return first_hour.Proposal(read(config), {"phases": [last], "head": {"layers": ["head_output"]}})


def test_the_script_gets_epochs_rates_and_layers_of_the_proposal(tmp_path: Path) -> None:
    made = proposal(tmp_path, HEAD, TOP)
    words = " ".join(made.options())
    assert words == (
        "--batch-size 8 --dropout 0.2 --head-epochs 9 --head-rate 0.003 --top-epochs 4 --top-rate 0.0001 "
        "--patience 5 3 --train block last"
    )
    assert made.trainable_parameters == 77


def test_a_head_alone_leaves_the_second_phase_out(tmp_path: Path) -> None:
    assert "--top-epochs 0" in " ".join(proposal(tmp_path, HEAD).options())


def test_the_tables_of_splits_become_one(tmp_path: Path) -> None:
    from measurements import first_hour

    for split in ("train", "validation", "test"):
        write_table(tmp_path / f"{split}.csv", [{"text": f"a, {split}", "label": "x"}])
    lines = first_hour.join(tmp_path).read_text().splitlines()
    assert lines == ["text,label,split", *(f'"a, {split}",x,{split}' for split in ("train", "validation", "test"))]


@pytest.mark.parametrize(
    ("accuracies", "seconds", "reached"),
    [
        ((0.80, 0.80), 3.0, "accuracy and time"),
        # The script's are .8 and .9: their mean less the standard error is .8.
        ((0.79, 0.79), 3.0, "time"),
        ((0.80, 0.81), 3.1, "accuracy"),
        ((0.70, 0.70), 9.0, "neither"),
    ],
)
def test_a_set_reaches_what_it_reaches(accuracies: tuple[float, ...], seconds: float, reached: str) -> None:
    from measurements import first_hour

    def costs(values: tuple[float, ...], each: float) -> list[Any]:
        return [first_hour.Cost(each, 2 * each, value, (3, 2)) for value in values]

    sides = {first_hour.OURS: costs(accuracies, seconds), first_hour.SCRIPT: costs((0.8, 0.9), 10.0)}
    line = first_hour.sheet({"pets": sides}, "a caption").markdown().splitlines()[-1]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[0] == "pets"
    assert cells[2] == "0.850 ± 0.050"
    assert (cells[-1], float(cells[5]), float(cells[8])) == (reached, seconds / 10, seconds / 10)
