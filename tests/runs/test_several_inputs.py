"""Several inputs keep the promises of the engine: whole runs on pictures, texts, numbers and words of a table."""

from __future__ import annotations

import csv
import json
import re
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from tests.support import small_nets
from tests.support.processes import Outcome, run_commands, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.several_inputs import SIDE, document, write_table
from tests.support.tiny_run import results

BOTH = {"image": "left/{id}.png", "text": "note", "numbers": ["x", "y"], "words": ["state"]}
PAIR = {"image": ["left/{id}.png", "right/{id}.png"], "numbers": ["x", "y"]}
TEXT = {"kind": "keras_hub", "class": "BertBackbone"}
VIEWS = {"preset": "none", "flip": "both", "views": 2}


def both_document(place: Path, image: dict[str, Any]) -> dict[str, Any]:
    """Classes of a picture, a text, numbers and words: the head on stored views, then each backbone in a phase."""
    rate = {"peak": 0.003, "shape": "cosine", "warmup": 0.2, "unit_decay": 0.5}
    return document(
        place,
        BOTH,
        name="both",
        task={"kind": "image_classification"},
        data={"kind": "table", "path": "steps.csv", "input": BOTH, "label": "kind"},
        backbone={"image": image, "text": TEXT},
        head={"hidden": [8], "dropout": 0.1},
        defaults={"batch_size": 6, "clip_norm": 0.5, "epochs": 2},
        phases=[
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01, "epochs": 3, "augment": VIEWS},
            {"name": "both", "unfreeze": {"last": 1}, "learning_rate": rate, "accumulate": 2, "augment": "light"},
            {"name": "text", "unfreeze": {"match": ["text.*"]}, "learning_rate": 0.001, "epochs": 1},
        ],
        output={"checkpoint": {"every": {"steps": 2}}},
    )


def pair_document(place: Path, image: dict[str, Any]) -> dict[str, Any]:
    """Classes of two pictures, which one backbone reads, and of numbers."""
    return document(
        place,
        PAIR,
        name="pair",
        task={"kind": "image_classification"},
        data={"kind": "table", "path": "steps.csv", "input": PAIR, "label": "kind"},
        backbone=image,
        phases=[
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01, "epochs": 3, "augment": VIEWS},
            {"name": "top", "unfreeze": {"last": 2}, "learning_rate": 0.001, "epochs": 2, "augment": "light"},
        ],
        output={"checkpoint": {"every": {"steps": 2}}},
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, its pictures, configurations and, later, runs."""
    made = tmp_path_factory.mktemp("several")
    write_table(made, has_long_notes=True)
    image = small_nets.save_net(made / "net.keras", "residual", size=SIDE)
    (made / "both.json").write_text(json.dumps(both_document(made, image)))
    (made / "pair.json").write_text(json.dumps(pair_document(made, image)))
    return made


@pytest.fixture(scope="module")
def said(place: Path) -> dict[str, Outcome]:
    """What commands leave that are given one after another."""
    off = ("--set", "runtime.cache=off")
    words = {
        "plan": ("plan", "both.json"),
        "both": ("run", "both.json", "--run-dir", "both"),
        "both off": ("run", "both.json", "--run-dir", "both-off", *off),
        "units": ("units", "both.json", "--json"),
        "units of run": ("units", "both", "--json"),
        "evaluate": ("evaluate", "both", "--json"),
        "predict": ("predict", "both", "steps.csv", "--json"),
        "verify": ("verify", "both"),
        "pair": ("run", "pair.json", "--run-dir", "pair"),
        "pair off": ("run", "pair.json", "--run-dir", "pair-off", *off),
        "evaluate pair": ("evaluate", "pair", "--json"),
        "predict pair": ("predict", "pair", "steps.csv", "--json"),
        "verify pair": ("verify", "pair"),
    }
    return run_named(place, words)


def trained(place: Path, said: dict[str, Outcome], name: str) -> Path:
    assert said[name].code == 0, said[name].err
    return place / name


@pytest.fixture(scope="module")
def quick(place: Path) -> Outcome:
    """What a short run on a picture, numbers and words leaves."""
    made = json.loads((place / "pair.json").read_text())
    made["data"]["input"] = {name: BOTH[name] for name in ("image", "numbers", "words")}
    made["phases"] = [{**made["phases"][0], "epochs": 2}, {**made["phases"][1], "epochs": 1, "augment": "none"}]
    (place / "quick.json").write_text(json.dumps(made))
    (done,) = run_commands(place, [("run", "quick.json", "--run-dir", "quick")])
    assert done.code == 0, done.err
    return done


def test_a_picture_with_numbers_and_words_is_stored_and_keeps_what_is_frozen(place: Path, quick: Outcome) -> None:
    assert "stored features of" in quick.err
    proofs = [json.loads(path.read_text())["frozen"] for path in sorted(place.glob("quick/phases/*/result.json"))]
    assert [bool(proof["before"]) and proof["before"] == proof["after"] for proof in proofs] == [True, True]
    assert json.loads((place / "quick/plan.json").read_text())["inputs"]["columns"]["width"] == 6
    assert set(json.loads((place / "quick/model/preprocessing.json").read_text())["inputs"]) == {
        "image", "numbers", "words",
    }  # fmt: skip


@pytest.mark.slow
def test_phases_are_chosen_by_the_features_of_all_inputs(place: Path, quick: Outcome) -> None:
    made = json.loads((place / "quick.json").read_text())
    made |= {"name": "auto", "phases": {"preset": "auto", "epochs": 2}, "head": {"dropout": 0.1}}
    (place / "auto.json").write_text(json.dumps(made))
    (done,) = run_commands(place, [("run", "auto.json", "--run-dir", "auto")])
    assert done.code == 0, done.err
    head, *later = json.loads((place / "auto/plan.json").read_text())["phases"]
    assert "to its optimum by a solver" in done.err and later
    solved = json.loads((place / "auto/phases/00-head/result.json").read_text())["best"]["validation_loss"]
    # The head that was set on stored features is the model's: its next phase begins there.
    begins = re.search(r"begins at validation loss ([0-9.]+)", done.err)
    assert begins is not None and float(begins[1]) == pytest.approx(solved, abs=1e-4)
    assert head["name"] == "head"


@pytest.mark.slow
def test_a_plan_times_and_draws_each_part(place: Path, quick: Outcome) -> None:
    timed, drawn = run_commands(
        place, [("plan", "both.json", "--measure", "--json"), ("plan", "both.json", "--pictures", "look.html")]
    )
    assert (timed.code, drawn.code) == (0, 0), timed.err + drawn.err
    rows = {row["what"]: row["seconds"] for row in json.loads(timed.out)["measured"]["rows"]}
    assert {"image: decoding", "image: decoding and augmenting as phase head", "text: decoding"} <= {*rows}
    assert [any(row.startswith(f"{part}: computing input to") for row in rows) for part in ("image", "text")] == [
        True
    ] * 2
    assert all(seconds > 0 for seconds in rows.values())
    page = (place / "look.html").read_text()
    assert "image, phase head: flip both; 2 views take turns by epoch" in page
    assert "text, phase" not in page


@pytest.mark.slow
def test_stopped_and_gone_on_without_stores_is_as_never_stopped_with_them(place: Path, quick: Outcome) -> None:
    off = ("run", "quick.json", "--run-dir", "quick-off", "--set", "runtime.cache=off")
    stopped, last = run_commands(place, [("stopped", *off), off])
    assert (stopped.code, last.code) == (75, 0), last.err
    assert "stored features of" not in last.err
    assert results(place / "quick") == results(place / "quick-off")


@pytest.mark.slow
def test_each_backbone_has_its_own_stores(place: Path, said: dict[str, Outcome]) -> None:
    run = trained(place, said, "both")
    phases = json.loads((run / "plan.json").read_text())["phases"]
    assert "stored features of" in said["both"].err
    assert {part for phase in phases for part in phase["store"].get("parts", {})} == {"image", "text"}


@pytest.mark.slow
def test_units_are_those_of_both_backbones(place: Path, said: dict[str, Outcome]) -> None:
    run = trained(place, said, "both")
    planned = [unit["id"] for unit in json.loads((run / "plan.json").read_text())["backbone"]["units"]]
    assert {name.partition(".")[0] for name in planned} == {"image", "text"}
    for words in ("units", "units of run"):
        assert said[words].code == 0, said[words].err
        assert [row["id"] for row in said[words].json] == planned


@pytest.mark.slow
@pytest.mark.parametrize("name", ["both", "pair"])
def test_stores_change_nothing(place: Path, said: dict[str, Outcome], name: str) -> None:
    run = trained(place, said, name)
    trained(place, said, f"{name} off")
    assert results(place / f"{name}-off") == results(run)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["both", "pair"])
def test_what_does_not_train_is_bit_identical(place: Path, said: dict[str, Outcome], name: str) -> None:
    run = trained(place, said, name)
    phases = json.loads((run / "plan.json").read_text())["phases"]
    for number, phase in enumerate(phases):
        result = json.loads((run / "phases" / f"{number:02}-{phase['name']}" / "result.json").read_text())
        frozen = result["frozen"]
        assert frozen["before"] and frozen["before"] == frozen["after"] and frozen["changed"] == []
        assert not {*frozen["before"]} & {*phase["trained_variables"]}
        assert all(distance > 0 for distance in result["moved"].values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["both", "pair"])
def test_two_replicas_equal_one(place: Path, said: dict[str, Outcome], name: str) -> None:
    run = trained(place, said, name)
    done = run_program(place, "run", f"{name}.json", "--run-dir", f"{name}-two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    assert_equal(run, place / f"{name}-two", of_weights=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["both", "pair"])
def test_killed_within_a_phase_it_ends_the_same(place: Path, said: dict[str, Outcome], name: str) -> None:
    run = trained(place, said, name)
    command = ("run", f"{name}.json", "--run-dir", f"{name}-killed")
    for phase in [path.name for path in sorted((run / "phases").iterdir())][:2]:
        begun = place / f"{name}-killed" / "phases" / phase / "checkpoint/000000002.safetensors"
        assert stop_program(place, signal.SIGKILL, begun, *command).code == -signal.SIGKILL
    done = run_program(place, *command)
    assert done.code == 0, done.err
    assert results(place / f"{name}-killed") == results(run)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["both", "pair"])
def test_evaluate_predict_and_verify_agree(place: Path, said: dict[str, Outcome], name: str) -> None:
    run, word = trained(place, said, name), {"both": "", "pair": " pair"}[name]
    assert said[f"verify{word}"].code == 0, said[f"verify{word}"].out
    measured = json.loads((run / "metrics.json").read_text())["test"]
    assert said[f"evaluate{word}"].code == 0, said[f"evaluate{word}"].err
    assert said[f"evaluate{word}"].json["test"] == pytest.approx(measured, abs=1e-5)
    predicted = {row["input"]: row for row in said[f"predict{word}"].json}
    with (run / "evaluation/predictions.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            again = predicted[row["input"]]["probability_high"]
            assert float(again) == pytest.approx(float(row["probability_high"]), abs=1e-5)


@pytest.mark.slow
def test_the_saved_model_takes_what_a_table_has(place: Path, said: dict[str, Outcome]) -> None:
    run = trained(place, said, "pair")
    model = keras.saving.load_model(run / "model" / "model.keras", compile=False, safe_mode=True)
    pictures = {f"image_{number}": place / side / "0.png" for number, side in ((1, "left"), (2, "right"))}
    given = {name: np.asarray(Image.open(path), np.float32)[np.newaxis] for name, path in pictures.items()}
    with (place / "steps.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    given["numbers"] = np.array([[float(row["x"]), float(row["y"])]], np.float32)
    high, _ = np.asarray(model(given)).ravel()
    (own,) = [row["probability_high"] for row in said["predict pair"].json if row["input"] == "left/0.png"]
    assert high == pytest.approx(own, abs=1e-5)


@pytest.mark.slow
def test_folds_encode_by_what_they_train_on_and_stop_and_go_on(place: Path, quick: Outcome) -> None:
    folds = ("crossvalidate", "quick.json", "--folds", "2", "--run-dir")
    whole, stopped, last = run_commands(
        place, [(*folds, "cv"), ("stopped", *folds, "cv-stopped"), (*folds, "cv-stopped")]
    )
    assert (whole.code, stopped.code, last.code) == (0, 75, 0), (whole.err, last.err)
    columns = json.loads((place / "cv/plan.json").read_text())["inputs"]["columns"]
    own = [json.loads((place / f"cv/folds/seed_0_fold_{k}/plan.json").read_text())["inputs"]["columns"] for k in (0, 1)]
    assert columns["members"] == own and own[0]["numbers"][0]["mean"] != own[1]["numbers"][0]["mean"]
    assert json.loads((place / "cv/metrics.json").read_text()) == json.loads(
        (place / "cv-stopped/metrics.json").read_text()
    )
    evaluated, verified = run_commands(place, [("evaluate", "cv", "--json"), ("verify", "cv")])
    assert evaluated.json["test"] == pytest.approx(
        json.loads((place / "cv/metrics.json").read_text())["test"], abs=1e-5
    )
    assert verified.code == 0, verified.out
