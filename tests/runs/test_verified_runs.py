"""`verify`: whatever is changed in a finished run, be it one byte or one number, is found and named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.durable import join_content
from kerastune_ft.training.checkpoint import pack, unpack
from kerastune_ft.verification.verify import Verification
from tests.support.processes import Outcome, run_commands, stop_program


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be tampered with."""
    return Path(shutil.copytree(base, tmp_path / "run"))


def findings(verified: Verification) -> dict[str, list[str]]:
    """What was found, by check."""
    return {check.name: [str(each) for each in check.findings] for check in verified.checks if check.findings}


def forge(run: Path, name: str, content: bytes) -> None:
    """Write a file and have the manifest vouch for it, so that hashes alone tell nothing."""
    (run / name).write_bytes(content)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (run / "manifest.json").write_text(json.dumps(manifest))


def edit(run: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change a JSON file, and what the manifest says of it."""
    document = json.loads((run / name).read_text())
    change(document)
    forge(run, name, json.dumps(document).encode())


def cell(run: Path, name: str, row: int, column: str, text: str) -> None:
    """Change one cell of a table, and what the manifest says of it."""
    rows = list(csv.DictReader(io.StringIO((run / name).read_text())))
    rows[row][column] = text
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    forge(run, name, written.getvalue().encode())


def weight(run: Path, name: str, path: str) -> None:
    """Change one number of a weights file, and what the manifest says of it."""
    arrays, header = unpack((run / name).read_bytes())
    arrays[path].reshape(-1)[0] += np.float32(1e-6)
    forge(run, name, join_content(pack(arrays, header.pop("source"), **header)))


def in_model(run: Path, layer: str) -> None:
    """Change one number of the saved model, and what the manifest says of it."""
    with zipfile.ZipFile(run / "model/model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        found: list[h5py.Group] = []
        file.visititems(lambda name, one: found.append(one) if one.attrs.get("name") == layer else None)
        found[0]["0"][(0,) * found[0]["0"].ndim] += np.float32(1e-6)
    parts["model.weights.h5"] = weights.getvalue()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    forge(run, "model/model.keras", written.getvalue())


def test_a_finished_run_holds(folder: Path, base: Path) -> None:
    verified = kt.verify(base)
    assert verified.holds, str(verified)
    assert findings(verified) == {}
    assert {check.result for check in verified.checks} == {"holds"}


def test_a_report_written_anew_is_vouched_for(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"updated": "2001-02-03T04:05:06+00:00"}))
    page = copy / "report/index.html"
    before = page.read_bytes()
    kt.open_run(copy).report()
    assert page.read_bytes() != before, "it tells when the run was updated"
    assert kt.verify(copy).holds


def test_verifying_needs_no_tensorflow(base: Path) -> None:
    script = (
        "import sys; from kerastune_ft.verification.verify import verify\n"
        f"assert verify({str(base)!r}).holds\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_byte_of_any_file_is_named(copy: Path) -> None:
    names = list(json.loads((copy / "manifest.json").read_text())["files"])
    assert len(names) >= 15
    for name in names:
        content = (copy / name).read_bytes()
        middle = len(content) // 2
        (copy / name).write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        verified = kt.verify(copy)
        if name.endswith(".json") and not verified.holds and verified.state == "damaged":
            assert name.rpartition("/")[2] in str(verified), "JSON that cannot be read any more"
        else:
            assert any(line.startswith(f"{name}: its SHA-256") for line in findings(verified)["files"]), name
        assert not verified.holds
        (copy / name).write_bytes(content)
    assert kt.verify(copy).holds


TOP, HEAD = "phases/01-top", "phases/00-head"
FORGED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a metric": (
        lambda run: edit(run, "metrics.json", lambda it: it["test"].update(accuracy=0.99)),
        "metrics", "metrics.json, test.accuracy: it is 0.99, and 1.0 by",
    ),
    "a measured loss": (
        lambda run: edit(run, "metrics.json", lambda it: it["validation"].update(loss=0.5)),
        "metrics", "metrics.json, validation.loss: it is 0.5",
    ),
    "a probability": (
        lambda run: cell(run, "evaluation/predictions.csv", 3, "probability_1", "0.25"),
        "predictions", "evaluation/predictions.csv, line 5: ",
    ),
    "a prediction": (
        lambda run: cell(run, "evaluation/predictions.csv", 0, "prediction", "1"),
        "predictions", "evaluation/predictions.csv, line 2: the prediction is '1'",
    ),
    "the loss of an example": (
        lambda run: cell(run, "evaluation/predictions.csv", 1, "loss", "0.1"),
        "metrics", "metrics.json, validation.loss: it is",
    ),
    "an example": (
        lambda run: cell(run, "evaluation/predictions.csv", 1, "input", "x[999]"),
        "predictions", "its examples of validation are not those of splits.csv",
    ),
    "a split": (
        lambda run: cell(run, "splits.csv", 0, "split", "test"),
        "predictions", "splits.csv: it has 48 examples of train, and plan.json 49",
    ),
    "the history": (
        lambda run: cell(run, "history.csv", 2, "train_loss", "0.1"),
        "history", "history.csv: row 3 is not that of the phases' own histories",
    ),
    "a phase's history": (
        lambda run: cell(run, f"{TOP}/history.csv", 1, "validation_loss", "0.1"),
        "history", f"{TOP}/history.csv: validation_loss of the best epoch, 2, is 0.1",
    ),
    "a trained weight": (
        lambda run: weight(run, f"{TOP}/best.safetensors", "Conv_1/kernel"),
        "model", "model/model.keras: it does not hold Conv_1/kernel as phase top ended with",
    ),
    "a trained weight and its checkpoint": (
        lambda run: weight(run, f"{TOP}/best.safetensors", "head_output/bias"),
        "checkpoints", f"{TOP}/best.safetensors: its weights are not the best ones that",
    ),
    "a frozen weight of the model": (
        lambda run: in_model(run, "Conv1"),
        "model", "model/model.keras: it does not hold Conv1/kernel",
    ),
    "a frozen hash": (
        lambda run: edit(run, f"{TOP}/result.json", lambda it: it["frozen"]["after"].update({"Conv1/kernel": "00"})),
        "frozen", f"{TOP}/result.json: frozen Conv1/kernel changed during phase top",
    ),
    "a frozen hash before and after": (
        lambda run: edit(run, f"{TOP}/result.json", lambda it: [
            it["frozen"][when].update({"Conv1/kernel": "0" * 64}) for when in ("before", "after")
        ]),
        "chain", f"{TOP}/result.json: frozen Conv1/kernel are not what phase head left",
    ),
    "a unit that did not move": (
        lambda run: edit(run, f"{TOP}/result.json", lambda it: it["moved"].update(top=0.0)),
        "frozen", f"{TOP}/result.json: units said to train did not move: top",
    ),
    "what a phase trained": (
        lambda run: edit(run, "plan.json", lambda it: it["phases"][0]["trained_variables"].pop()),
        "weights", f"{HEAD}/best.safetensors: it holds head_output/bias, which no phase so far trains",
    ),
    "the seed": (
        lambda run: edit(run, "config.json", lambda it: it.update(seed=4)),
        "agreement", "plan.json: seed is 3, and 4 in config.json",
    ),
    "what was to be trained": (
        lambda run: edit(run, "config.json", lambda it: it["phases"][0].update(unfreeze="all")),
        "agreement", "plan.json, phase head: unfreeze is 'none', and 'all' in config.json",
    ),
    "the classes": (
        lambda run: edit(run, "model/labels.json", lambda it: it.reverse()),
        "agreement", "model/labels.json: labels is ['1', '0'], and ['0', '1'] in plan.json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
def test_a_number_is_named_though_the_manifest_vouches_for_it(copy: Path, what: str) -> None:
    forgery, check, message = FORGED[what]
    forgery(copy)
    verified = kt.verify(copy)
    assert not verified.holds
    assert "files" not in findings(verified)
    assert any(message in line for line in findings(verified)[check]), str(verified)


def test_other_pretrained_weights_are_named(copy: Path) -> None:
    name = f"{HEAD}/best.safetensors"
    arrays, header = unpack((copy / name).read_bytes())
    forge(copy, name, join_content(pack(arrays, "f" * 64, phase=header["phase"], epoch=header["epoch"])))
    assert "it is relative to the weights ffffffffffff" in findings(kt.verify(copy))["weights"][0]


def test_missing_files_and_a_state_that_is_none(copy: Path) -> None:
    (copy / "model/preprocessing.json").unlink()
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"state": "finished"}))
    found = findings(kt.verify(copy))
    # A run that is not done may write the file still.
    assert found["files"][0].startswith("model/preprocessing.json: it is missing; it may be newer")
    assert found["agreement"][0].startswith("manifest.json: its state is 'finished'")
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert findings(kt.verify(copy))["files"] == [
        "model/preprocessing.json: it is missing; restore it from a copy, or start over with --fresh, which keeps this "
        "run aside"
    ]


def test_what_costs_no_result_is_a_warning(copy: Path) -> None:
    newest = max((copy / TOP / "checkpoint").glob("0*"))
    newest.write_bytes(newest.read_bytes()[:-10])
    (copy / "model" / ".partial-99-model.keras").write_bytes(b"half")
    (copy / "notes.txt").write_text("mine")
    verified = kt.verify(copy)
    found = findings(verified)
    assert verified.holds
    assert f"{newest.name}: it is damaged" in found["checkpoints"][0]
    assert [line.partition(";")[0] for line in found["strays"]] == [
        "model/.partial-99-model.keras: a killed process left it half-written",
        "notes.txt: manifest.json does not name it",
    ]


@pytest.mark.parametrize("name", ["manifest.json", "plan.json", "config.json", f"{TOP}/result.json"])
def test_files_that_hold_something_else_are_no_crash(copy: Path, name: str) -> None:
    for content in ("", "{", "[]", "3", "{}", '{"phases": 3, "files": [], "frozen": null}'):
        (copy / name).write_text(content)
        assert not kt.verify(copy).holds, (name, content)


def test_the_command(folder: Path, base: Path, copy: Path) -> None:
    (copy / "metrics.json").write_text("{}")
    done = run_commands(
        folder, [("verify", "base"), ("verify", str(copy)), ("verify", str(copy), "--json"), ("verify", "nothing")]
    )
    assert done[0].code == 0
    assert done[0].out.splitlines()[-1] == "all that base claims holds (state: done)"
    assert done[1].code == done[2].code == 5
    assert "broken   files" in done[1].out
    broken = {check["check"] for check in done[2].json["checks"] if check["result"] == "broken"}
    assert (done[2].json["holds"], broken) == (False, {"files", "metrics"})
    assert done[3].code == 2
    assert "is no run directory" in done[3].err


def test_a_killed_run_is_verified_for_what_it_has(folder: Path) -> None:
    run = folder / "verified"
    begun = run / HEAD / "history.csv"
    killed: Outcome = stop_program(folder, signal.SIGKILL, begun, "run", "tiny.json", "--run-dir", "verified")
    assert killed.code == -signal.SIGKILL
    verified = kt.verify(run)
    assert verified.holds, str(verified)
    assert {check.name: check.result for check in verified.checks}["model"] == "nothing"
    damaged = run / "splits.csv"
    damaged.write_text(damaged.read_text().replace("train", "test", 1))
    assert "splits.csv" in findings(kt.verify(run))["files"][0]


def test_nan_in_the_weights_is_named(copy: Path) -> None:
    name = f"{HEAD}/best.safetensors"
    arrays, header = unpack((copy / name).read_bytes())
    arrays["head_output/bias"][:] = np.nan
    forge(copy, name, join_content(pack(arrays, header.pop("source"), **header)))
    assert "head_output/bias holds NaN or infinity" in findings(kt.verify(copy))["weights"][0]
