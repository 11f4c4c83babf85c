"""`lora` in whole runs: what trains, what is saved, with the store or without, interrupted or not, on several devices.

Adapters train in the second phase, and are fixed in the third, which trains a kernel that has one, and BatchNorms.
"""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from kerastune_ft.backbones.keras_applications.applications import EMBEDDED
from tests.support.processes import Outcome, run_commands, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import document, results

ADAPTERS = {
    f"{layer}/lora_{name}" for layer in ("block_16_expand", "block_16_project", "Conv_1") for name in ("a", "b")
}
HEAD = {"head_output/kernel", "head_output/bias"}


def schedule(data: Path) -> dict[str, Any]:
    """Three phases on the tiny data; `batch_norm` of the defaults is meant for the last alone."""
    tiny = document(data)
    head, top = tiny["phases"]
    adapt = {**top, "name": "adapt", "lora": {"rank": 3, "alpha": 6}, "carry_optimizer": True}
    whole = {"name": "whole", "unfreeze": {"last": 1}, "learning_rate": 0.003, "epochs": 1}
    tiny["defaults"]["batch_norm"] = "train"
    return {**tiny, "name": "lora", "phases": [head, adapt, whole]}


@pytest.fixture(scope="module")
def adapted(folder: Path) -> Path:
    """The folder with lora.json, and two.json without its last phase."""
    whole = schedule(folder / "data.npz")
    (folder / "lora.json").write_text(json.dumps(whole))
    # Beside adapters alone `batch_norm` would be meant for no phase.
    defaults = {key: value for key, value in whole["defaults"].items() if key != "batch_norm"}
    (folder / "two.json").write_text(json.dumps({**whole, "defaults": defaults, "phases": whole["phases"][:2]}))
    again = {"kind": "run", "path": "lora-run", "head": "keep"}
    further = {"name": "further", "unfreeze": {"last": 1}, "lora": {"rank": 2}, "epochs": 1, "learning_rate": 0.001}
    (folder / "further.json").write_text(
        json.dumps({**whole, "name": "further", "defaults": {"batch_size": 10}, "backbone": again, "phases": [further]})
    )
    return folder


@pytest.fixture(scope="module")
def outcomes(adapted: Path) -> dict[str, Outcome]:
    words = {
        "run": ("run", "lora.json", "--run-dir", "lora-run"),
        "evaluate": ("evaluate", "lora-run", "--json"),
        "verify": ("verify", "lora-run", "--json"),
        "plan": ("plan", "lora.json"),
        "other rank": ("run", "lora.json", "--run-dir", "lora-run", "--set", "phases.adapt.lora.rank=4"),
        "two ranks": (
            "plan", "lora.json", "--set", 'phases.whole.lora={"rank": 5}', "--set", "defaults.batch_norm=frozen",
        ),
        "no layer": ("plan", "lora.json", "--set", 'phases.adapt.lora.targets=["block_16_expnd"]'),
    }  # fmt: skip
    return run_named(adapted, words)


@pytest.fixture(scope="module")
def others(adapted: Path, run: Path) -> dict[str, Outcome]:
    """Further runs, which take longer."""
    words = {
        "off": ("run", "lora.json", "--run-dir", "lora-off", "--set", "runtime.cache=off"),
        "two": ("run", "two.json", "--run-dir", "lora-appended"),
        "appended": ("run", "lora.json", "--run-dir", "lora-appended"),
        "verify appended": ("verify", "lora-appended"),
        "further": ("run", "further.json", "--run-dir", "lora-further"),
        "verify further": ("verify", "lora-further"),
        "large": ("plan", "two.json", "--set", "phases.adapt.lora.rank=300"),
    }
    return run_named(adapted, words)


@pytest.fixture(scope="module")
def run(adapted: Path, outcomes: dict[str, Outcome]) -> Path:
    """The run that was never interrupted, on one device, with stores."""
    assert outcomes["run"].code == 0, outcomes["run"].err
    return adapted / "lora-run"


def of_phase(run: Path, place: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, np.ndarray]]:
    plan = json.loads((run / "plan.json").read_text())["phases"][int(place[:2])]
    result = json.loads((run / "phases" / place / "result.json").read_text())
    return plan, result, load_file(run / "phases" / place / "best.safetensors")


def read_saved(path: Path) -> dict[str, np.ndarray]:
    """The variables of a saved model by path, opened with Keras alone."""
    import keras

    inner = next(
        layer for layer in keras.models.load_model(path / "model/model.keras").layers if isinstance(layer, keras.Model)
    )
    # The states of seeds, which are no weights, are counted up by Keras.
    return {variable.path: variable.numpy() for variable in inner.weights}


def test_adapters_and_head_train_and_every_base_variable_is_frozen(run: Path, outcomes: dict[str, Outcome]) -> None:
    plan, result, best = of_phase(run, "01-adapt")
    assert set(plan["trained_variables"]) == set(best) == ADAPTERS | HEAD
    assert result["frozen"]["changed"] == []
    assert set(result["frozen"]["before"]) == set(load_file(EMBEDDED))
    assert all(distance > 0 for distance in result["moved"].values())
    assert list(result["moved"]) == ["block16", "top", "head"]
    assert plan["lora"]["parameters"] == sum(best[path].size for path in ADAPTERS) == 6696
    assert plan["trainable_parameters"] == sum(value.size for value in best.values())
    assert plan["batch_norm"] == "frozen", "that of the defaults is not meant for adapters"
    assert all(np.abs(best[path]).max() > 0 for path in ADAPTERS)
    told = "trains 3 adapters of rank 3 in block16, top (6.7 k parameters), head (together 9.3 k parameters, "
    assert told in outcomes["run"].err
    assert "260 frozen variables bit-identical" in outcomes["run"].err


def test_before_their_phase_adapters_are_nothing_and_after_it_fixed(run: Path) -> None:
    _, first, best = of_phase(run, "00-head")
    assert set(best) == HEAD
    assert set(first["frozen"]["before"]) >= ADAPTERS
    _, _, adapted = of_phase(run, "01-adapt")
    plan, last, best = of_phase(run, "02-whole")
    assert set(plan["trained_variables"]) & ADAPTERS == set()
    assert "Conv_1/kernel" in plan["trained_variables"]
    assert set(last["frozen"]["after"]) >= ADAPTERS
    assert all(np.array_equal(best[path], adapted[path]) for path in ADAPTERS)


def test_the_cut_lies_below_the_first_layer_with_an_adapter(run: Path) -> None:
    plan, _, _ = of_phase(run, "01-adapt")
    assert [tensor["name"] for tensor in plan["cut"]] == ["block_15_add"]


def test_the_saved_model_has_them_in_its_kernels(run: Path, outcomes: dict[str, Outcome]) -> None:
    pretrained, (_, _, best) = load_file(EMBEDDED), of_phase(run, "02-whole")
    values = read_saved(run)
    assert set(values) == set(pretrained) | HEAD
    assert not [path for path in values if "lora" in path]
    for layer in ("block_16_expand", "block_16_project", "Conv_1"):
        kernel = best.get(f"{layer}/kernel", pretrained[f"{layer}/kernel"])
        added = 6 / 3 * np.tensordot(best[f"{layer}/lora_a"], best[f"{layer}/lora_b"], 1)
        np.testing.assert_allclose(values[f"{layer}/kernel"], kernel + added, rtol=0, atol=1e-6)
        assert np.abs(added).max() > 1e-4
    metrics = json.loads((run / "metrics.json").read_text())
    assert outcomes["evaluate"].json["test"] == pytest.approx(metrics["test"], abs=1e-6)
    assert metrics["validation"]["loss"] == pytest.approx(
        json.loads((run / "phases/02-whole/result.json").read_text())["best"]["validation_loss"], abs=1e-5
    )


def test_the_run_verifies(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["verify"].code == 0, outcomes["verify"].out
    assert {check["result"] for check in outcomes["verify"].json["checks"]} == {"holds"}


@pytest.mark.parametrize("merged", [{}, {"block_16_expand/kernel": "0" * 64}], ids=["not merged", "another"])
def test_verify_sees_a_model_with_other_kernels(
    adapted: Path, run: Path, merged: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "broken"
    shutil.copytree(run, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["merged"] = merged
    (other / "manifest.json").write_text(json.dumps(manifest))
    done = run_commands(adapted, [("verify", str(other))])[0]
    assert done.code == 5
    told = " ".join(done.text.split())
    assert "broken model" in told
    assert "block_16_expand/kernel" in told.partition("model/model.keras: it does not hold ")[2]


@pytest.mark.slow
def test_with_the_store_or_without_the_weights_are_the_same(
    adapted: Path, run: Path, others: dict[str, Outcome]
) -> None:
    assert others["off"].code == 0, others["off"].err
    assert results(adapted / "lora-off") == results(run)


@pytest.mark.slow
def test_a_later_phase_is_added_to_a_finished_run(adapted: Path, run: Path, others: dict[str, Outcome]) -> None:
    assert others["two"].code == others["appended"].code == others["verify appended"].code == 0
    assert results(adapted / "lora-appended") == results(run)


def test_a_phase_that_was_trained_keeps_its_adapters(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["other rank"].code == 2
    assert "phases[1].lora.rank: 3 -> 4" in outcomes["other rank"].err


@pytest.mark.slow
def test_a_run_goes_on_from_one_with_adapters(adapted: Path, run: Path, others: dict[str, Outcome]) -> None:
    assert others["further"].code == 0, others["further"].err
    assert others["verify further"].code == 0, others["verify further"].out
    before, after = read_saved(run), read_saved(adapted / "lora-further")
    changed = {path for path in before if not np.array_equal(before[path], after[path])}
    assert changed == {"Conv_1/kernel", *HEAD}


def test_the_plan_and_the_report_tell_adapters_apart(run: Path, outcomes: dict[str, Outcome]) -> None:
    text = " ".join(outcomes["plan"].out.split())
    assert "adapters (6.7 k) in block16, top, head" in text
    assert "3 adapters of rank 3, alpha 6: 6.7 k parameters, on block_16_expand, block_16_project, Conv_1" in text
    assert "MobileNetV2 (applications), 410.2 k parameters" in text
    page = (run / "report" / "index.html").read_text().replace("<wbr>", "")
    assert "adapters (6.7 k) in block16, top, head" in page
    manifest = json.loads((run / "manifest.json").read_text())
    assert [phase["lora"] and phase["lora"]["parameters"] for phase in manifest["phases"]] == [None, 6696, None]


@pytest.mark.slow
def test_adapters_larger_than_their_kernels_are_remarked(others: dict[str, Outcome]) -> None:
    text = " ".join(others["large"].text.split())
    assert "phase adapt: 3 of 3 adapters of rank 300 have as many parameters as their kernels or more" in text


def test_two_ranks_on_one_layer_are_refused(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["two ranks"].code == 2
    assert "phases[2] (whole).lora: the adapter on Conv_1 is that of an earlier phase" in outcomes["two ranks"].err
    assert "phases[1] (adapt) has rank 3 and alpha 6, and phases[2] (whole) has rank 5 and alpha 5" in " ".join(
        outcomes["two ranks"].err.split()
    )


def test_a_pattern_without_a_layer_is_refused(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["no layer"].code == 2
    assert "phases[1] (adapt).lora.targets: 'block_16_expnd' matches no layer; did you mean 'block_16_expand'?" in (
        outcomes["no layer"].err
    )


@pytest.mark.slow
def test_killed_in_the_phase_of_adapters(adapted: Path, run: Path) -> None:
    command = ("run", "lora.json", "--run-dir", "lora-killed")
    begun = adapted / "lora-killed/phases/01-adapt/checkpoint/000000002.safetensors"
    assert stop_program(adapted, signal.SIGKILL, begun, *command).code == -signal.SIGKILL
    held = {key.removeprefix("variable:") for key in load_file(begun) if key.startswith("variable:")}
    assert held == ADAPTERS | HEAD
    last = run_program(adapted, *command)
    assert last.code == 0, last.err
    assert "going on after step" in last.err
    assert results(adapted / "lora-killed") == results(run)


@pytest.mark.slow
def test_adapters_do_not_depend_on_replicas(adapted: Path, run: Path) -> None:
    done = run_program(adapted, "run", "lora.json", "--run-dir", "lora-2", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    # The third phase trains kernels with BatchNorms that update.
    assert_equal(run, adapted / "lora-2", of_weights=5e-5)


@pytest.mark.slow
def test_in_half_precision(adapted: Path, run: Path) -> None:
    done = run_program(
        adapted, "run", "lora.json", "--run-dir", "lora-half", "--set", "runtime.precision=mixed_bfloat16"
    )
    assert done.code == 0, done.err
    assert run_program(adapted, "verify", "lora-half").code == 0
    one, half = (json.loads((path / "metrics.json").read_text())["test"] for path in (run, adapted / "lora-half"))
    assert half["loss"] == pytest.approx(one["loss"], abs=0.05)
