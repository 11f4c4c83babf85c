"""Train the small runs of `earlier_runs/` and keep of each what a reader needs.

    PYTHONPATH=. python scripts/make_earlier_runs.py FOLDER [NAME...]

A run is made once, by the version of the code its README names, and then kept: what later versions must read is what
that one wrote. FOLDER gets a folder for each run; without names all that are not there yet are made.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.earlier_data import write

NETWORKS = {"network.keras": (24, 24, 3), "hearing.keras": (16, 16, 1)}
PICTURES: dict[str, Any] = {"kind": "saved", "path": "network.keras", "input": "-1-1"}
SOUNDS = {"kind": "saved", "path": "hearing.keras", "input": {"log_mel": {"bins": 16, "low": 100.0, "high": 3900.0}}}
APPLICATION: dict[str, Any] = {
    "kind": "applications",
    "name": "MobileNet",
    "weights": "small.weights.h5",
    "image_size": 32,
    "options": {"alpha": 0.1},
}
BERT = {"kind": "keras_hub", "class": "BertBackbone", "options": {"num_layers": 2}}
TEXTS = {"kind": "table", "path": "texts.csv", "input": "text", "label": "label"}
HEAD = {"name": "head", "unfreeze": "none", "epochs": 4, "learning_rate": 0.05}
TOP = {
    "name": "top",
    "unfreeze": {"last": 1},
    "epochs": 2,
    "learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2},
}
ADAPT = {"name": "adapt", "unfreeze": {"last": 1}, "epochs": 4, "learning_rate": 0.03, "lora": {"rank": 2}}
READ = {**HEAD, "epochs": 6, "learning_rate": 0.1}
LAYER = {**TOP, "epochs": 4, "learning_rate": {"peak": 0.02, "shape": "linear", "warmup": 0.1}}

BARS = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "pictures"},
    "backbone": PICTURES,
    "head": {"dropout": 0.1},
    "phases": [HEAD, {**TOP, "clip_norm": 0.5, "batch_norm": "train"}],
}
RUNS: dict[str, dict[str, Any]] = {
    "image_classification": BARS,
    "image_interrupted": BARS,
    "image_multi_label": {
        "task": {"kind": "image_classification", "multi_label": True, "thresholds": "best_f1"},
        "data": {
            "kind": "table",
            "path": "cases.csv",
            "input": "pictures/{picture}.bmp",
            "label": {"column": "found", "separator": "|", "none": ""},
        },
        "backbone": APPLICATION,
        "phases": [HEAD, {**TOP, "augment": {"preset": "light", "views": 2}}],
    },
    "image_regression": {
        "task": {"kind": "image_regression"},
        "data": {"kind": "arrays", "path": "values.npz"},
        "backbone": PICTURES,
        "head": {"pooling": "max", "hidden": [6]},
        "phases": [HEAD, TOP],
    },
    "text_classification": {
        "task": {"kind": "text_classification"},
        "data": TEXTS,
        "backbone": BERT,
        "phases": [READ, LAYER],
    },
    "text_pair_regression": {
        "task": {"kind": "text_regression"},
        "data": {**TEXTS, "path": "pairs.csv", "input": ["one", "other"], "label": "shared"},
        "backbone": BERT,
        "head": {"pooling": "cls"},
        "phases": [READ, {**LAYER, "unfreeze": {"fraction": 0.5}}],
    },
    "audio_classification": {
        "task": {"kind": "audio_classification"},
        "data": {"kind": "folder", "path": "sounds", "sample_rate": 8000},
        "backbone": SOUNDS,
        "phases": [HEAD, {**TOP, "start_from": "last", "augment": "none"}],
    },
    "lora": {
        "task": {"kind": "text_classification"},
        "data": TEXTS,
        "backbone": BERT,
        "phases": [READ, ADAPT, LAYER],
    },
}
RUNS |= {
    "object_detection": {
        "task": {"kind": "object_detection"},
        "data": {
            "kind": "table",
            "path": "spots.csv",
            "input": "spots/{file}",
            "label": "what",
            "boxes": ["xmin", "ymin", "xmax", "ymax"],
        },
        "backbone": PICTURES,
        "head": {"width": 16, "levels": [2, 3]},
        "phases": [
            {**HEAD, "epochs": 12, "learning_rate": 0.01, "augment": {"flip": "horizontal", "views": 2}},
            {**TOP, "batch_norm": "frozen"},
        ],
    },
    "several_inputs": {
        "task": {"kind": "image_classification"},
        "data": {
            "kind": "table",
            "path": "several.csv",
            "input": {"image": "pictures/{picture}.bmp", "text": "note", "numbers": ["size"], "words": ["place"]},
            "label": "kind",
        },
        "backbone": {"image": PICTURES, "text": BERT},
        "head": {"hidden": [6]},
        "phases": [HEAD, {**TOP, "unfreeze": {"match": ["image.*"]}}],
    },
    "causal_lm": {
        "task": {"kind": "causal_lm", "generate": {"max_new_tokens": 8}},
        "data": {"kind": "table", "path": "questions.csv", "input": "prompt", "label": "response"},
        "backbone": {
            "kind": "keras_hub",
            "class": "GPT2Backbone",
            "options": {
                "num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 24, "vocabulary_size": 256,
                "max_sequence_length": 64,
            },
        },
        "phases": [{**ADAPT, "epochs": 2}, {**LAYER, "learning_rate": 0.01}],
    },
}  # fmt: skip
STOPPED_AFTER = ("01-top", 1)
"""The phase and the update after which the interrupted run is stopped."""
LEFT_OUT = ("report", "log.txt", "events.jsonl", ".lock")


def configuration(name: str) -> dict[str, Any]:
    """Return the configuration of a run; its paths are relative to the folder with the data."""
    own = RUNS[name]
    return {
        "name": "bars" if own is BARS else name,
        "seed": 3,
        "defaults": {"batch_size": 8},
        **own,
        "output": {"checkpoint": {"every": {"steps": 1}}},
    }


def save_networks(folder: Path) -> None:
    """Save the small networks of random weights that pictures and sounds are given to."""
    import keras

    layers = keras.layers
    for name, shape in NETWORKS.items():
        keras.utils.set_random_seed(0)
        x = inputs = keras.Input(shape)
        for number, width in enumerate((8, 12, 16)):
            x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False, name=f"conv{number}")(x)
            x = layers.BatchNormalization(name=f"norm{number}", momentum=0.8)(x)
            x = layers.ReLU(name=f"relu{number}")(x)
        keras.Model(inputs, x).save(folder / name)
    keras.utils.set_random_seed(0)
    application = keras.applications.MobileNet((32, 32, 3), alpha=0.1, include_top=False, weights=None)
    for layer in application.layers:
        # The statistics of the pictures at once, without which no signal comes through random weights.
        layer.momentum = 0.0
    pictures = np.load(folder / "values.npz")["x"].astype(np.float32)
    application(layers.Resizing(32, 32)(pictures) / 127.5 - 1, training=True)
    application.save_weights(folder / APPLICATION["weights"])


def train(name: str, target: Path) -> None:
    """Train a run in the working directory, or as much of it as is wanted, and keep it without what is not read."""
    import kerastune_ft as kt

    if name == "image_interrupted":
        _stop(name, target)
    else:
        kt.run(configuration(name), run_dir=target)
    _strip(target, configuration(name))


def _stop(name: str, target: Path) -> None:
    phase, step = STOPPED_AFTER
    Path("stopped.json").write_text(json.dumps(configuration(name)))
    awaited = target / "phases" / phase / "checkpoint" / f"{step:09d}.safetensors"
    command = [sys.executable, "-m", "kerastune_ft", "run", "stopped.json", "--run-dir", str(target)]
    with subprocess.Popen(command) as process:
        while process.poll() is None and not awaited.exists():
            time.sleep(0.0005)
        process.send_signal(signal.SIGTERM)


def _strip(target: Path, written: dict[str, Any]) -> None:
    """Take out the report and what belongs to a machine: logs, locks, and the folder that paths were resolved in."""
    from kerastune_ft.rundir import RunDirectory

    run = RunDirectory(target)
    run.remove("report/index.html")
    config = run.read_json("config.json")
    for part, key in (("data", "path"), ("backbone", "path"), ("backbone", "weights")):
        for own, given in _list_sections(config[part], written[part]):
            if key in given:
                own[key] = given[key]
    run.commit_json("config.json", config)
    run.update_manifest()
    run.commit_json("manifest.json", {**run.read_json("manifest.json"), "directory": target.name})
    for name in LEFT_OUT:
        path = target / name
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _list_sections(config: dict[str, Any], written: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return a section as the run has it and as it was written; of two backbones each."""
    if "kind" in written:
        return [(config, written)]
    return [(config[name], written[name]) for name in written]


def main() -> None:
    """Make the runs that the command line names."""
    runs = Path(sys.argv[1]).absolute()
    names = sys.argv[2:] or [name for name in RUNS if not (runs / name).exists()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KERASTUNE_CACHE"] = f"{folder}/cache"
        write(Path(folder))
        save_networks(Path(folder))
        # What a run went out from is known by its hash, so there is one of it.
        kept = runs / PICTURES["path"]
        if kept.exists():
            shutil.copy(kept, folder)
        else:
            shutil.copy(Path(folder, PICTURES["path"]), kept)
        os.chdir(folder)
        for name in names:
            train(name, runs / name)


if __name__ == "__main__":
    main()
