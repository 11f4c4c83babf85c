#!/usr/bin/env python
"""Train the same configurations on 1, 2 and 4 logical CPUs and in 2 worker processes, and print how far they differ.

Each row of the table is something that could depend on the number of replicas: an optimizer, clipping, accumulation,
rates per unit, stored features, BatchNorm, precision. Each way of running is a separate process (TensorFlow fixes the
number of logical devices when it starts) that trains all rows. Exit code 1 when a difference is above the tolerance
of its row.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from faults.subjects import SUBJECTS

from kerastune_ft.training.devices.launch import free_ports

EXAMPLES = 70
_WORDS = (("dull", "slow", "poor", "the film"), ("bright", "quick", "rich", "the film"))
_RATE = 8000
WAYS = ("1", "2", "4", "workers")
# Of losses, and of weights: float32 sums taken in another order, through two epochs.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Row:
    """A configuration whose result must not depend on the number of replicas."""

    phase: dict[str, Any]
    """Options of the phase that trains."""
    backbone: dict[str, Any] = field(default_factory=dict)
    runtime: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    """A phase before it, if any."""
    reads: str = "images"
    """What is learned from what: a row of `_READS`."""
    top: dict[str, Any] = field(default_factory=dict)
    """Keys at the top of the file; with any of them the run is trained to its end."""
    tolerance: float = TOLERANCE


_SGD = {"name": "sgd", "momentum": 0.9}
# Half precision rounds at the third digit, and the order of sums changes the rounding.
_HALF = 2e-2
_FACTORS = {"peak": 0.003, "shape": "cosine", "warmup": 0.2, "unit_decay": 0.5, "head": 0.01}
_HEAD = {"unfreeze": "none", "learning_rate": 0.003, "cache": "required"}
# The head of a model that writes may be its first block's matrix, which cannot train alone.
_LAST = {"unfreeze": {"last": 1}, "learning_rate": 0.003, "cache": "required"}
_FLIPS = {"preset": "none", "flip": "both", "views": 2}

ROWS = {
    "sgd": Row({"optimizer": _SGD}),
    "sgd, accumulate 2, clip": Row({"optimizer": _SGD, "accumulate": 2, "clip_norm": 0.1}),
    "adamw, clip": Row({"clip_norm": 0.1}),
    "adamw, accumulate 2": Row({"accumulate": 2}),
    "adamw, rates per unit": Row({"learning_rate": _FACTORS}),
    "nadam, rates per unit": Row({"optimizer": "nadam", "learning_rate": _FACTORS}),
    "adagrad, rates per unit": Row({"optimizer": "adagrad", "learning_rate": _FACTORS}),
    "rmsprop, rates per unit": Row({"optimizer": "rmsprop", "learning_rate": _FACTORS}),
    "lamb, rates per unit": Row({"optimizer": "lamb", "learning_rate": _FACTORS}),
    "adafactor, rates per unit": Row({"optimizer": "adafactor", "learning_rate": _FACTORS}),
    "adamw, augmentation": Row({"augment": "strong"}),
    "adamw, stored views": Row(
        {"augment": {"preset": "strong", "views": 2}, "cache": "required", "epochs": 4},
        before=_HEAD,
    ),
    "adamw, focal, mixed, accumulate 2": Row(
        {"loss": "focal", "class_weights": {"1": 2.0}, "mixup": 0.3, "cutmix": 1.0, "augment": "light", "accumulate": 2}
    ),
    "adamw, stored mixtures": Row(
        {"augment": {"views": 2}, "mixup": 0.3, "cutmix": 1.0, "sampling": "balanced", "cache": "required"},
        before={"unfreeze": "none", "learning_rate": 0.003, "cache": "required", "label_smoothing": 0.1},
    ),
    "adamw, one cycle of momentum, accumulate 2": Row(
        {"learning_rate": {"peak": 0.003, "shape": "one_cycle", "momentum": [0.95, 0.85, 0.95]}, "accumulate": 2}
    ),
    "lbfgs": Row(
        {"unfreeze": "none", "learning_rate": None, "optimizer": {"name": "lbfgs", "l2": 0.01}, "epochs": 100}
    ),
    "adamw, images of several sizes": Row(
        {"image_size": [40, 48], "augment": "light", "mixup": 0.3, "accumulate": 2, "batch_norm": "statistics"},
        before={"unfreeze": "none", "learning_rate": 0.003, "image_size": 48, "cache": "required"},
        tolerance=1e-4,
    ),
    "several labels, focal, mixed": Row(
        {"loss": "focal", "mixup": 0.3, "cutmix": 1.0, "class_weights": "balanced"}, reads="several labels"
    ),
    "values, huber, mixed": Row({"loss": "huber", "mixup": 0.4, "ema": 0.5}, reads="values"),
    "sounds, augmented with noise, mixed": Row(
        {"augment": {"preset": "strong", "noise": "noise"}, "mixup": 0.3}, reads="sounds"
    ),
    "sounds, stored views with noise": Row(
        {"augment": {"preset": "medium", "noise": "noise", "views": 2}, "cache": "required"},
        before=_HEAD,
        reads="sounds",
    ),
    # One device makes many updates of such a head in one call, more devices make one.
    "head, many updates a call": Row({**_HEAD, "ema": 0.5, "epochs": 4}),
    # AdamW moves a variable whose gradient is near zero by its sign.
    "refit": Row({"mixup": 0.3, "l2_sp": 0.1}, before=_HEAD, top={"refit": True}, tolerance=1e-4),
    "adamw, carried": Row({"carry_optimizer": True}, before={"unfreeze": "none", "learning_rate": 0.003}),
    "adamw, averaged, accumulate 2": Row({"accumulate": 2, "ema": 0.5, "batch_norm": "train"}, tolerance=1e-4),
    "sgd, pulled": Row({"optimizer": _SGD, "l2_sp": 1.0}),
    "sgd, kept if better": Row(
        # At a rate that is so high that the phase is discarded, rounding shows in its history.
        {"optimizer": _SGD, "keep_if_better": True, "learning_rate": 0.03, "clip_norm": 0.1},
        before={"unfreeze": "none", "learning_rate": 0.003},
    ),
    "sgd, begun again": Row(
        {"optimizer": _SGD, "learning_rate": 1e30, "on_divergence": {"retry": 1, "factor": 1e-33}},
    ),
    "EfficientNetB0, all, adamw": Row(
        {"unfreeze": "all", "learning_rate": 0.001},
        {"name": "EfficientNetB0", "weights": None},
        # Biases whose gradient is near zero move by their sign under AdamW.
        tolerance=1e-4,
    ),
    "BatchNorm statistics": Row({"optimizer": _SGD, "batch_norm": "statistics"}, tolerance=1e-4),
    "BatchNorm train, accumulate 2": Row({"optimizer": _SGD, "batch_norm": "train", "accumulate": 2}, tolerance=1e-4),
    "BERT, stored texts": Row(
        {"cache": "required", "clip_norm": 0.1},
        before=_HEAD,
        reads="texts",
    ),
    "BERT, lora": Row(
        {"lora": {"rank": 2}, "unfreeze": {"last": 1}, "accumulate": 2, "cache": "required"},
        before=_HEAD,
        reads="texts",
    ),
    "boxes, stored flips, accumulate 2": Row(
        {"optimizer": _SGD, "augment": "light", "class_weights": "balanced", "accumulate": 2},
        before={**_HEAD, "optimizer": _SGD, "augment": _FLIPS},
        reads="boxes",
    ),
    "several inputs, accumulate 2": Row({"augment": "light", "accumulate": 2}, before=_HEAD, reads="inputs"),
    "language model, recomputed activations": Row(
        {"accumulate": 2, "label_smoothing": 0.1, "clip_norm": 0.5},
        runtime={"recompute": True},
        before=_LAST,
        reads="talk",
    ),
    "language model, lora, frozen bfloat16": Row(
        {"lora": {"rank": 2}, "cache": "required"},
        runtime={"frozen_precision": "bfloat16"},
        before=_LAST,
        reads="talk",
    ),
    "pair, stored encoder, accumulate 2": Row(
        {"unfreeze": {"from": "decoder_layer0"}, "accumulate": 2, "cache": "required"}, before=_LAST, reads="summaries"
    ),
    "speech, stored encoder": Row({"cache": "required", "ema": 0.5}, before=_LAST, reads="speech"),
    "speech, lora, augmented": Row({"lora": {"rank": 2}, "augment": "light"}, before=_LAST, reads="speech"),
    "mixed_bfloat16": Row({"optimizer": _SGD}, runtime={"precision": "mixed_bfloat16"}, tolerance=_HALF),
    "mixed_float16, averaged and pulled": Row(
        {"optimizer": _SGD, "ema": 0.9, "l2_sp": 0.1}, runtime={"precision": "mixed_float16"}, tolerance=_HALF
    ),
    "mixed_float16": Row({"optimizer": _SGD}, runtime={"precision": "mixed_float16"}, tolerance=_HALF),
}


_MOBILENET = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 32}
_BERT = {
    "kind": "keras_hub",
    "class": "BertBackbone",
    "options": {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "dropout": 0.1},
}
_CLASSES = ["0", "1"]
_SUBJECTS = {
    "boxes": "boxes.csv",
    "inputs": "steps.csv",
    "talk": "talk.jsonl",
    "summaries": "summaries.jsonl",
    "speech": "said.jsonl",
}
"""Those of faults/subjects.py that rows read, with the files that these write."""


def _of_arrays(**more: Any) -> dict[str, Any]:
    return {"kind": "arrays", "path": "data.npz", **more}


# By what a row reads: the task, the data with its path in the folder of all rows, and the backbone.
_READS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    "images": ({"kind": "image_classification", "classes": _CLASSES}, _of_arrays(x="images"), _MOBILENET),
    "several labels": (
        {"kind": "image_classification", "multi_label": True},
        _of_arrays(x="images", y="flags"),
        _MOBILENET,
    ),
    "values": ({"kind": "image_regression"}, _of_arrays(x="images", y="values"), _MOBILENET),
    "texts": ({"kind": "text_classification", "classes": _CLASSES}, _of_arrays(x="texts"), _BERT),
    "sounds": (
        {"kind": "audio_classification", "classes": _CLASSES},
        _of_arrays(x="sounds", sample_rate=_RATE),
        _MOBILENET,
    ),
    **{
        name: (SUBJECTS[name].task, {**SUBJECTS[name].data, "path": path}, SUBJECTS[name].backbone)
        for name, path in _SUBJECTS.items()
    },
}


def document(row: Row, folder: Path) -> dict[str, Any]:
    """Return the configuration of a row; its training examples divide evenly by neither batch size nor replicas."""
    phase = {"name": "only", "unfreeze": {"last": 2}, "learning_rate": 0.003, **row.phase}
    # A phase that is never trained, so that the run ends after the phases to compare.
    rest = [] if row.top else [{"name": "never", "unfreeze": {"last": 1}, "learning_rate": 0.001}]
    writes = row.reads in SUBJECTS and SUBJECTS[row.reads].writes
    task, data, backbone = _READS[row.reads]
    return {
        "name": "row",
        "seed": 3,
        "task": {**task},
        "data": {**data, "path": str(folder / data["path"])},
        "backbone": {**backbone, **row.backbone},
        **({} if writes else {"head": {"dropout": 0.2}}),
        "defaults": {"batch_size": 10, "epochs": 2},
        "phases": [*([{"name": "before", **row.before}] if row.before else []), phase, *rest],
        "runtime": row.runtime,
        **row.top,
    }


def write_data(folder: Path) -> None:
    """Write images, texts and sounds of two classes, flags and values that go with them, noise, boxes and tables.

    Images are noise, and noise with a bright square; texts have other words, sounds another pitch.
    """
    random = np.random.default_rng(0)
    labels = np.arange(EXAMPLES) % 2
    texts = [" ".join(random.choice(_WORDS[label], random.integers(1, 9))) for label in labels]
    images = random.integers(0, 120, (EXAMPLES, 32, 32, 3)).astype(np.uint8)
    images[labels == 1, 8:24, 8:24] += 100
    time = np.arange(_RATE // 5) / _RATE
    pitches = (400.0 + 800.0 * labels) * random.uniform(0.9, 1.1, EXAMPLES)
    sounds = 0.3 * np.sin(2 * np.pi * pitches[:, np.newaxis] * time) + random.normal(0, 0.02, (EXAMPLES, len(time)))
    flags = np.stack([labels, np.arange(EXAMPLES) % 3 == 0], axis=1).astype(np.uint8)
    values = images.mean((1, 2, 3)) + 3.0 * labels
    arrays = {"images": images, "texts": np.array(texts), "sounds": sounds.astype(np.float32)}
    np.savez(folder / "data.npz", **arrays, y=labels, flags=flags, values=values)
    (folder / "noise").mkdir(exist_ok=True)
    for name in ("rain", "street"):
        _write_wav(folder / "noise" / f"{name}.wav", random.normal(0, 0.1, _RATE))
    for name in _SUBJECTS:
        SUBJECTS[name].write(folder)


def _write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def train(folder: Path, way: str, names: Sequence[str]) -> None:
    """Train rows in this process, each in a run directory of its own."""
    import kerastune_ft as kt

    devices = {"strategy": "multi_worker"} if way == "workers" else {"replicas": int(way)}
    for name in names:
        made = document(ROWS[name], folder)
        made["runtime"] = {**made["runtime"], **devices}
        until = None if ROWS[name].top else "only"
        kt.run(made, run_dir=folder / way / slug(name), until_phase=until)


def slug(name: str) -> str:
    """Return a row's name as a folder's."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


@contextlib.contextmanager
def _start(folder: Path, way: str, names: Sequence[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = []
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)] if way == "workers" else [""]
    for number in range(len(addresses)):
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        environment = {**os.environ, "KERASTUNE_CACHE": str(folder / f"{way}-cache"), "PYTHONHASHSEED": "0"}
        environment |= {"TF_CONFIG": json.dumps(cluster)} if way == "workers" else {}
        command = [sys.executable, __file__, "--train", way, "--folder", str(folder), *names]
        with (folder / f"{way}-{number}.log").open("wb") as log:
            processes.append(subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log))
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Difference:
    """The largest differences of a row between one device and another way of running."""

    history: float
    weights: float


def difference(one: Path, other: Path) -> Difference:
    """Return how far two runs differ in their histories, seconds aside, and in the weights of their best epochs."""
    from safetensors.numpy import load_file

    history = max(
        _apart(float(first[key] or 0), float(second[key] or 0))
        for first, second in zip(*map(_read_histories, (one, other)), strict=True)
        for key in first
        if key != "phase"
    )
    weights = 0.0
    for path in one.glob("[pr]*/*/best.safetensors"):
        values, others = load_file(path), load_file(other / path.relative_to(one))
        assert values.keys() == others.keys()
        weights = max(weights, *(float(np.abs(values[name] - others[name]).max()) for name in values))
    return Difference(history, weights)


def _apart(one: float, other: float) -> float:
    """Return the difference; of numbers above 1, as perplexities are, their relative difference."""
    return abs(one - other) / max(1.0, abs(one))


def _read_histories(run: Path) -> list[dict[str, str]]:
    """Return the rows of a run's history, then those of its refit, seconds aside."""
    rows = []
    for path in (run / "history.csv", run / "refit" / "history.csv"):
        if path.exists():
            with open(path, encoding="utf-8") as file:
                rows += [{key: row[key] for key in row if key != "seconds"} for row in csv.DictReader(file)]
    return rows


def table(folder: Path, rows: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Difference]]:
    """Train rows, each in some ways besides one device, and return their differences from one device by row and way."""
    write_data(folder)
    for way in WAYS:
        names = [name for name, ways in rows.items() if way == WAYS[0] or way in ways]
        if not names:
            continue
        with _start(folder, way, names) as processes:
            codes = [process.wait() for process in processes]
        if any(codes):
            logs = "\n".join((folder / f"{way}-{number}.log").read_text()[-3000:] for number in range(len(codes)))
            raise SystemExit(f"{way}: exit codes {codes}\n{logs}")
    return {
        name: {way: difference(folder / WAYS[0] / slug(name), folder / way / slug(name)) for way in ways}
        for name, ways in rows.items()
    }


def main() -> int:
    """Print the table; return 1 when a row differs by more than its tolerance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=list(ROWS), help=f"of: {'; '.join(ROWS)}")
    parser.add_argument("--ways", default=",".join(WAYS), help="of 1, 2, 4 and workers, the first being 1")
    parser.add_argument("--train", metavar="WAY", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.folder, options.train, options.rows)
        return 0
    ways = options.ways.split(",")
    with tempfile.TemporaryDirectory() as folder:
        found = table(Path(folder), dict.fromkeys(options.rows, ways[1:]))
    print("| row | " + " | ".join(f"{way}: history, weights" for way in ways[1:]) + " | tolerance |")
    print("|---" * (len(ways) + 1) + "|")
    for name, differences in found.items():
        cells = [f"{each.history:.1e}, {each.weights:.1e}" for each in differences.values()]
        print(f"| {name} | " + " | ".join(cells) + f" | {ROWS[name].tolerance:.0e} |")
    worst = [
        name
        for name, differences in found.items()
        if any(max(each.history, each.weights) > ROWS[name].tolerance for each in differences.values())
    ]
    if worst:
        print(f"above their tolerance: {', '.join(worst)}", file=sys.stderr)
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
