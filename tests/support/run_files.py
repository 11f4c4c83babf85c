"""Writes run directories in the formats the report reads, large or small, whole or under way."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

SPLITS = {"train": 40, "validation": 9, "test": 9}
VALIDATION = ("validation_loss", "validation_accuracy", "validation_macro_f1", "validation_auc")
HISTORY = ("phase", "epoch", "step", "seconds", "learning_rate", "train_loss", "train_accuracy", *VALIDATION)


def unit_rows(amount: int) -> list[dict[str, Any]]:
    names = ["stem", *(f"block{n}" for n in range(1, amount - 1)), "top"]
    sizes = [900 * 2 ** min(place, 11) for place in range(amount)]
    return [
        {"id": name, "parameters": size, "variables": 12, "share": size / sum(sizes), "output_shape": [None, 7, 7, 32]}
        for name, size in zip(names, sizes, strict=True)
    ]


def plan_document(
    classes: Sequence[str] = ("bacterial", "normal", "viral"), phases: int = 2, epochs: int = 3, units: int = 9
) -> dict[str, Any]:
    rows = unit_rows(units)
    return {
        "name": "xray",
        "seed": 7,
        "devices": {"strategy": "mirrored", "replicas": 2, "devices": ["CPU:0", "CPU:1"], "note": "no GPU found"},
        "data": {
            "kind": "folder",
            "name": "chest",
            "examples": sum(SPLITS.values()) * len(classes),
            "classes": list(classes),
            "sizes": {split: amount * len(classes) for split, amount in SPLITS.items()},
            "counts": {split: dict.fromkeys(classes, amount) for split, amount in SPLITS.items()},
            "values": {},
            "groups": {"train": 12, "validation": 3, "test": 3},
            "fingerprint": "ab" * 32,
            "skipped": [{"path": "chest/ward 3/patient-0042.png", "reason": "cannot be decoded"}],
            "notes": ['2 hidden files ignored, first: chest/ward 3/.DS_Store of group "P-0042"'],
        },
        "labels": {"kind": "one", "names": list(classes), "mean": [], "deviation": []},
        "backbone": {
            "kind": "applications",
            "name": "EfficientNetV2B0",
            "weights": "imagenet",
            "image_size": [224, 224],
            "parameters": sum(row["parameters"] for row in rows),
            "units": rows,
            "transfer": {
                "source": "imagenet",
                "sha256": "cd" * 32,
                "loaded": 12 * units,
                "missing": [],
                "unused": ["predictions/kernel"],
            },
        },
        "head": {"layers": ["mean pooling", "dropout 0.2", f"dense {len(classes)}"], "parameters": 3843},
        "phases": [phase_document(index, phases, epochs, rows) for index in range(phases)],
        "notes": ["deterministic operations are on (CPU)"],
    }


def phase_document(index: int, phases: int, epochs: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    trained = round(len(rows) * index / max(phases - 1, 1))
    body = [row["id"] for row in rows][len(rows) - trained :]
    total = sum(row["parameters"] for row in rows) + 3843
    training = sum(row["parameters"] for row in rows if row["id"] in body) + 3843
    peak = 1e-3 / 3**index
    return {
        "name": "head" if index == 0 else f"top_{index}",
        "index": index,
        "unfreeze": {"last": trained} if body else "none",
        "boundary": body[0] if body else "head",
        "trains": [*body, "head"],
        "batch_norm": "train" if body else "frozen",
        "batch_norm_layers": len(body),
        "trainable_parameters": training,
        "frozen_parameters": total - training,
        "trainable_share": training / total,
        "cut": [{"name": "pooled", "shape": [7, 7, 32], "dtype": "float32", "bytes": 6272}],
        "epochs": epochs,
        "steps_per_epoch": 4,
        "steps": 4 * epochs,
        "batch_size": 32,
        "replica_batch": 16,
        "accumulate": 1 + index % 2,
        "learning_rate": {"peak": peak, "shape": "cosine", "warmup_steps": 2 * index, "final": 0.0},
        "rates": {"head": peak, **{name: peak * 0.8**depth for depth, name in enumerate(reversed(body), 1)}},
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "clip_norm": None,
        "class_weights": {"bacterial": 0.75, "normal": 1.5, "viral": 1.0} if index else None,
        "sampling": None if index else "balanced",
        "augment": {"preset": "light", "flip": "none"} if index else None,
        "early_stopping": {"patience": 4, "min_delta": 0.0} if index else None,
        "monitor": "validation_auc",
        "start_from": "best",
        "store": {
            "decision": "store" if not index else "recompute",
            "bytes": 1_200_000,
            "reason": "saves 2 of 3 passes over the frozen part",
            "seconds": 0.5,
            "seconds_recomputed": 10.2,
        },
        "estimate": {"seconds": 42.0 * (index + 1), "memory_bytes": 3.1e9, "basis": "FLOPs at 50 GFLOP/s"},
    }


def history_rows(plan: dict[str, Any], draw: random.Random) -> list[dict[str, Any]]:
    rows, quality = [], 0.0
    for phase in plan["phases"]:
        for epoch in range(1, phase["epochs"] + 1):
            quality += 0.6 / phase["epochs"]
            loss = 1.1 * math.exp(-quality) + draw.uniform(0, 0.03)
            right = 1 - 0.5 * math.exp(-quality) - draw.uniform(0, 0.02)
            values = (loss * 0.93, right + 0.01, loss, right, right - 0.02, min(right + 0.03, 0.999))
            place = (
                phase["name"],
                epoch,
                4 * epoch,
                11.5,
                phase["learning_rate"]["peak"] * (1 - (epoch - 1) / phase["epochs"]),
            )
            rows.append(dict(zip(HISTORY, (*place, *values), strict=True)))
    return rows


def prediction_rows(classes: Sequence[str], draw: random.Random) -> list[dict[str, Any]]:
    rows = []
    for split in ("validation", "test"):
        for place, label in enumerate(classes):
            for number in range(SPLITS[split]):
                near = classes[(place + draw.choice((1, 1, 2))) % len(classes)]
                prediction = near if draw.random() < 0.25 else label
                probability = draw.uniform(0.5, 0.99)
                others = {f"probability_{name}": (1 - probability) / max(len(classes) - 1, 1) for name in classes}
                rows.append(
                    {
                        "split": split,
                        "input": f"chest/{label}/patient-{number:04d}.png",
                        "label": label,
                        "prediction": prediction,
                        "probability": probability,
                        **others,
                        f"probability_{prediction}": probability,
                        "loss": -math.log(probability),
                    }
                )
    return rows


def manifest_document(plan: dict[str, Any], history: list[dict[str, Any]], state: str = "done") -> dict[str, Any]:
    phases = []
    for phase in plan["phases"]:
        mine = [row for row in history if row["phase"] == phase["name"]]
        best = max(mine, key=lambda row: row["validation_auc"])
        phases.append(
            {
                "name": phase["name"],
                "state": "done",
                "epochs": len(mine),
                "best_epoch": best["epoch"],
                "best": {name: best[name] for name in VALIDATION},
                "monitor": phase["monitor"],
                "seconds": 11.5 * len(mine),
                "stopped": "epochs",
                "frozen": {
                    "variables": 12 * (len(plan["backbone"]["units"]) + 1 - len(phase["trains"])),
                    "bytes": 9_000_000,
                    "sha256": "ef" * 32,
                    "changed": [],
                },
                "moved": {unit: 0.01 * (place + 1) for place, unit in enumerate(phase["trains"])},
            }
        )
    return {
        "state": state,
        "exit_code": {"done": 0, "failed": 4, "interrupted": 75}.get(state),
        "message": None,
        "phase": plan["phases"][-1]["name"],
        "epoch": plan["phases"][-1]["epochs"],
        "started": "2025-03-01T09:00:00+00:00",
        "updated": "2025-03-01T09:12:30+00:00",
        "versions": {"python": "3.11.9", "tensorflow": "2.21.0", "keras": "3.15.0"},
        "devices": plan["devices"],
        "seed": 7,
        "data_fingerprint": "ab" * 32,
        "config_hash": "12" * 32,
        "transfer": plan["backbone"]["transfer"],
        "phases": phases,
        "files": {},
    }


def config_document(examples: bool = True) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "xray",
        "seed": 7,
        "task": {"kind": "image_classification", "multi_label": False},
        "data": {"kind": "folder", "path": "chest/ward 3", "group": {"pattern": "patient-(\\d+)"}},
        "output": {"directory": "runs", "examples": examples},
    }


def write_json(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def splits_rows(predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"input": row["input"], "label": row.get("label", ""), "split": row["split"], "group": f"P-{number:04d}"}
        for number, row in enumerate(predictions)
    ]


def write_mistakes(run: Path, rows: list[dict[str, Any]], most: int = 8) -> None:
    test = [row for row in rows if row["split"] == "test"]
    wrong = [row for row in test if "prediction" not in row or row["label"] != row["prediction"]][:most]
    listed = []
    for number, row in enumerate(wrong):
        picture = run / "evaluation" / "mistakes" / f"{number:02d}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.linear_gradient("L").resize((96, 96)).rotate(40 * number).save(picture)
        kept = {key: row[key] for key in row if key not in ("split", "loss") and not key.startswith("probability_")}
        listed.append({"file": picture.name, **kept})
    write_json(run / "evaluation" / "mistakes.json", listed)


def write_run(
    run: Path,
    classes: Sequence[str] = ("bacterial", "normal", "viral"),
    phases: int = 2,
    epochs: int = 3,
    units: int = 9,
    state: str = "done",
    examples: bool = True,
) -> Path:
    draw = random.Random(3)
    plan = plan_document(classes, phases, epochs, units)
    history = history_rows(plan, draw)
    predictions = prediction_rows(classes, draw)
    write_json(run / "config.json", config_document(examples))
    write_json(run / "plan.json", plan)
    write_json(run / "manifest.json", manifest_document(plan, history, state))
    write_csv(run / "history.csv", history)
    measured = {"loss": 0.2841, "accuracy": 0.9132, "macro_f1": 0.9011, "auc": 0.9711}
    write_json(
        run / "metrics.json", {"validation": measured, "test": {name: value - 0.01 for name, value in measured.items()}}
    )
    chance = {"loss": 1.0986, "accuracy": 0.3333, "macro_f1": 0.1667, "auc": 0.5}
    write_json(run / "evaluation" / "constant.json", {"validation": chance, "test": chance})
    write_csv(run / "evaluation" / "predictions.csv", predictions)
    write_csv(run / "splits.csv", splits_rows(predictions))
    if examples:
        write_mistakes(run, predictions)
    return run
