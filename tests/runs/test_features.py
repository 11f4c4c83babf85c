"""Promise 2: whatever is stored, weights, histories, metrics and predictions are those of a run that stores nothing."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kerastune_ft as kt
from kerastune_ft.errors import ResourceError
from kerastune_ft.stores.block import Block
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.plan import feature_usage
from tests.support import small_nets
from tests.support.processes import run_program, stop_program
from tests.support.tiny_run import results, write_data

Document = dict[str, Any]
_MORE = [net for net in small_nets.NETS if net != "residual"]


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is worth storing depends on the machine; here it does not."""
    monkeypatch.setattr(feature_usage, "cores", lambda: 1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data as an array and as a folder of larger pictures, which cost something to decode."""
    folder = tmp_path_factory.mktemp("features_data")
    arrays = np.load(write_data(folder / "data.npz"))
    for number, (image, label) in enumerate(zip(arrays["x"], arrays["y"], strict=True)):
        content = io.BytesIO()
        Image.fromarray(image.repeat(4, axis=0).repeat(4, axis=1)).save(content, "PNG")
        path = folder / "pictures" / str(label) / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.getvalue())
    return folder


def document(data: Path, backbone: Document, phases: list[Document], kind: str = "arrays") -> Document:
    """A run of some phases; 49 examples to train on, which no batch divides."""
    return {
        "name": "features",
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": kind, "path": str(data / ("data.npz" if kind == "arrays" else "pictures"))},
        "backbone": backbone,
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 10, "epochs": 3, "learning_rate": 0.01},
        "phases": phases,
    }


def moving(top: Document, more: Document) -> list[Document]:
    """Phases whose cut moves towards the input twice and back once; the chunk of all is 8, which divides no batch."""
    return [
        {"name": "head", "unfreeze": "none", "class_weights": "balanced"},
        {"name": "top", "unfreeze": top, "batch_size": 15, "sampling": "balanced"},
        {"name": "more", "unfreeze": more, "accumulate": 2, "early_stopping": {"patience": 1}},
        {"name": "back", "unfreeze": top, "batch_size": 20, "epochs": 2, "start_from": "last"},
    ]


_VIEWS = {"preset": "medium", "views": 2}
# Two views in five epochs, fresh augmentation between, and views of the same kind again.
VIEWS = [
    {"name": "head", "unfreeze": "none", "augment": _VIEWS, "epochs": 5},
    {"name": "fresh", "unfreeze": {"last": 1}, "augment": "light", "batch_size": 15, "mixup": 0.5},
    {"name": "top", "unfreeze": {"last": 1}, "augment": _VIEWS, "batch_size": 20, "epochs": 2},
    {
        "name": "mixed",
        "unfreeze": {"last": 1},
        "augment": _VIEWS,
        "epochs": 3,
        "mixup": 0.5,
        "cutmix": 1.0,
        "sampling": "balanced",
    },
]


def train(made: Document, folder: Path, cache: str, **options: Any) -> Path:
    """Make a run, its stores in its own folder, and return its directory."""
    run = folder / cache
    runtime = {**made.get("runtime", {}), "cache": cache, "cache_directory": str(folder / f"{cache}-cache")}
    kt.run({**made, "runtime": runtime}, run_dir=run, **options)
    return run


def plan(run: Path) -> Document:
    return json.loads((run / "plan.json").read_text())


def stored_ids(run: Path) -> list[str]:
    """The ids of what a run stored."""
    return [entry["id"] for entry in plan(run)["cache"]["stores"]]


def assert_same(made: Document, folder: Path) -> Path:
    """Assert that storing changes nothing but the time; return the run that stores."""
    off, auto = train(made, folder, "off"), train(made, folder, "auto")
    assert not stored_ids(off)
    assert not list(folder.glob("off-cache/features/*/shards/*"))
    assert stored_ids(auto)
    assert list(folder.glob("auto-cache/features/*/shards/*.rows"))
    assert results(auto) == results(off)
    return auto


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int | None]]:
    """The calls of the frozen part, as they come: first stage and the one before which it ends."""
    made: list[tuple[int, int | None]] = []
    chunk = Prefix.chunk

    def counted(self: Prefix, piece: Any, first: int = 0, last: int | None = None) -> Any:
        made.append((first, last))
        return chunk(self, piece, first, last)

    monkeypatch.setattr(Prefix, "chunk", counted)
    return made


LAST = {"top": {"last": 1}, "more": {"last": 3}}
SELECTIONS = {
    **dict.fromkeys(small_nets.NETS, LAST),
    "skipping": {"top": {"variables": ["block2_*"]}, "more": {"variables": ["block1_*", "late_*"]}},
}


@pytest.mark.parametrize("net", ["residual", *(pytest.param(net, marks=pytest.mark.slow) for net in _MORE)])
def test_cuts_that_move_both_ways(net: str, data: Path, tmp_path: Path) -> None:
    made = document(data, small_nets.save_net(tmp_path / "net.keras", net), moving(**SELECTIONS[net]))
    assert plan(assert_same(made, tmp_path))["chunk"] == 8


# That several tensors are stored exactly is in test_segmentation.py, and half precision in test_precision_runs.py.
@pytest.mark.slow
def test_skip_connections_that_cross_in_half_precision(data: Path, tmp_path: Path) -> None:
    phases = moving(**SELECTIONS["skipping"])[:2]
    made = document(data, small_nets.save_net(tmp_path / "net.keras", "skipping"), phases)
    run = assert_same({**made, "runtime": {"precision": "mixed_bfloat16"}}, tmp_path)
    assert any("+" in store for store in stored_ids(run)), "several tensors"


@pytest.mark.slow
def test_views_and_fresh_augmentation_between(data: Path, tmp_path: Path) -> None:
    made = document(data, small_nets.save_net(tmp_path / "net.keras", "plain"), VIEWS, kind="folder")
    run = assert_same(made, tmp_path)
    assert "decoded input" in stored_ids(run)
    assert any(" of {" in store for store in stored_ids(run)), "views"
    assert any('"partners": ' in store for store in stored_ids(run)), "views of mixtures"
    fresh = plan(run)["phases"][1]["store"]
    assert fresh["reason"].startswith(
        "random augmentation and mixing below the cut, drawn anew every epoch; validation is"
    )


def test_a_second_run_and_a_resumed_one_compute_nothing_again(
    data: Path, tmp_path: Path, calls: list[tuple[int, int | None]]
) -> None:
    phases = [{**phase, "epochs": 2} for phase in (VIEWS[0], *moving(**LAST)[1:2])]
    made = document(data, small_nets.save_net(tmp_path / "net.keras", "residual"), phases)
    first = train(made, tmp_path, "required")
    computed = len(calls)
    assert computed
    kept = first.rename(tmp_path / "first")
    assert train(made, tmp_path, "required", until_phase="head").is_dir()
    again = train(made, tmp_path, "required")
    assert len(calls) == computed
    assert results(again) == results(kept)


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
def test_stopped_within_a_phase(replicas: int, data: Path, tmp_path: Path) -> None:
    """In processes of their own, since the number of replicas is that of a process."""
    last = moving(**SELECTIONS["skipping"])[2]
    made = document(data, small_nets.save_net(tmp_path / "net.keras", "skipping"), [*VIEWS, last])
    for cache in ("off", "auto"):
        runtime = {"replicas": replicas, "cache": cache}
        output = {"checkpoint": {"every": {"steps": 2}}}
        (tmp_path / f"{cache}.json").write_text(json.dumps({**made, "runtime": runtime, "output": output}))
        command = ("run", f"{cache}.json", "--run-dir", cache)
        if cache == "auto":
            begun = tmp_path / cache / "phases/02-top/checkpoint/000000002.safetensors"
            assert stop_program(tmp_path, signal.SIGTERM, begun, *command).code == 75
        done = run_program(tmp_path, *command)
        assert done.code == 0, done.err
    assert stored_ids(tmp_path / "auto")
    assert results(tmp_path / "auto") == results(tmp_path / "off")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "weights"),
    [("MobileNetV2", "embedded"), ("EfficientNetB0", None), ("ResNet50V2", None), ("MobileNet", None)],
)
def test_architectures(name: str, weights: str | None, data: Path, tmp_path: Path) -> None:
    backbone = {"kind": "applications", "name": name, "weights": weights, "image_size": 32}
    assert_same(document(data, backbone, moving({"last": 1}, {"last": 2})), tmp_path)


def test_where_nothing_can_be_stored_the_result_is_the_same(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document(data, small_nets.save_net(tmp_path / "net.keras", "plain"), [{"name": "head", "unfreeze": "none"}])
    off = train(made, tmp_path, "off")

    def full(block: Block, rows: np.ndarray) -> None:
        raise ResourceError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Block, "write", full)
        auto = train(made, tmp_path, "auto")
        made["phases"][0]["cache"] = "required"
        with pytest.raises(ResourceError, match="no space left"):
            train(made, tmp_path, "required")
    assert stored_ids(auto)
    assert "not stored, but computed again in every epoch: no space left" in (auto / "log.txt").read_text()
    assert not list(tmp_path.glob("*-cache/features/*/shards/*.rows"))
    assert results(auto) == results(off)
