"""Writes run directories of runs with several labels per example, of regressions, segmentations and detections."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn import metrics

from kerastune_ft.metrics import segmentation
from kerastune_ft.metrics.box_figures import describe_boxes
from kerastune_ft.metrics.boxes.tables import describe_pictures, list_detections, list_truth
from kerastune_ft.metrics.boxes.verdicts import judge
from kerastune_ft.metrics.confusion_table import name_columns
from kerastune_ft.metrics.detection import score, score_classes
from tests.support import run_files
from tests.support.drawn_boxes import draw_boxes

CELLS = ("platelets", "red", "white")
THRESHOLDS = {"platelets": 0.4, "red": 0.5, "white": 0.55}
SIZES = {"train": 200, "validation": 40, "test": 60}


def write_multi_label(
    run: Path, classes: Sequence[str] = CELLS, examples: bool = True, thresholds: Mapping[str, float] = THRESHOLDS
) -> list[dict[str, Any]]:
    """Write a run whose predictions follow the labels with noise; return the rows of predictions.csv."""
    run_files.write_run(run, classes=classes, examples=examples)
    rows = _judge_rows(classes, thresholds)
    plan = run_files.plan_document(classes)
    plan["labels"]["kind"] = "several"
    plan["data"]["sizes"] = SIZES
    plan["data"]["counts"] = {
        split: {name: sum(name in row["label"].split("|") for row in rows if row["split"] == split) for name in classes}
        for split in SIZES
    }
    config = run_files.config_document(examples)
    config["task"]["multi_label"] = True
    run_files.write_json(run / "model" / "thresholds.json", dict(thresholds))
    measured = {"loss": 0.41, "accuracy": 0.55, "macro_f1": 0.78, "auc": 0.86, "mean_average_precision": 0.8123}
    constant = {"loss": 0.66, "accuracy": 0.2, "macro_f1": 0.31, "auc": 0.5, "mean_average_precision": 0.4321}
    _write(run, plan, config, rows, measured, constant)
    return rows


def write_regression(
    run: Path,
    spread: Mapping[str, tuple[float, float]] | None = None,
    examples: bool = True,
    noise: float = 0.4,
    whole: bool = False,
) -> list[dict[str, Any]]:
    """Write a regression on targets of this mean and deviation; return the rows of predictions.csv."""
    spread = spread or {"age": (40.0, 12.0)}
    run_files.write_run(run, examples=examples)
    rows = _value_rows(spread, noise, whole)
    endings = {name: "" if len(spread) == 1 else f"_{name}" for name in spread}
    plan = run_files.plan_document()
    plan["labels"] = {
        "kind": "values",
        "names": list(spread),
        "mean": [mean for mean, _ in spread.values()],
        "deviation": [deviation for _, deviation in spread.values()],
    }
    plan["data"] |= {"classes": [], "counts": {}, "sizes": SIZES}
    plan["data"]["values"] = {
        split: {name: _spread([row[f"label{ending}"] for row in rows]) for name, ending in endings.items()}
        for split in SIZES
    }
    config = run_files.config_document(examples)
    config["task"] = {"kind": "image_regression"}
    measured = {"loss": 0.16, "mae": 3.1, "rmse": 4.2, "r2": 0.84}
    constant = {"loss": 1.01, "mae": 9.8, "rmse": 12.1, "r2": -0.01}
    _write(run, plan, config, rows, measured, constant)
    return rows


def write_masks(
    run: Path, classes: Sequence[str] = ("background", "nucleus", "edge"), examples: bool = True
) -> dict[str, np.ndarray]:
    """Write a segmentation with its confusion.csv; return by split the confusion matrix of its pixels."""
    run_files.write_run(run, examples=examples)
    counts, rows = _mask_rows(classes, examples)
    plan = run_files.plan_document(classes)
    plan["labels"] = {"kind": "mask", "names": list(classes), "mean": [], "deviation": []}
    plan["data"] |= {"classes": list(classes), "sizes": SIZES}
    config = run_files.config_document(examples)
    config["task"] = {"kind": "image_segmentation"}
    config["output"]["examples"] = False
    constant = {"loss": 0.69, "mean_iou": 0.3, "dice": 0.0, "accuracy": 0.8}
    _write(run, plan, config, rows, {}, constant)
    config["output"]["examples"] = examples
    run_files.write_json(run / "config.json", config)
    document: dict[str, Any] = {split: {"loss": 0.2, **segmentation.score(matrix)} for split, matrix in counts.items()}
    document["classes"] = {
        split: {
            name: {metric: _finite(values[number]) for metric, values in segmentation.score_classes(matrix).items()}
            for number, name in enumerate(classes)
        }
        for split, matrix in counts.items()
    }
    run_files.write_json(run / "metrics.json", document)
    evaluated = [row for row in rows if row["split"] != "train"]
    run_files.write_csv(
        run / "evaluation" / "confusion.csv",
        [_without(row, "mean_iou", "dice", "accuracy", "loss") for row in evaluated],
    )
    figures = [
        {key: row[key] for key in ("split", "input", "mean_iou", "dice", "accuracy", "loss")} for row in evaluated
    ]
    run_files.write_csv(run / "evaluation" / "predictions.csv", figures)
    if examples:
        picture = run / "evaluation" / "examples" / "00.png"
        picture.parent.mkdir()
        Image.linear_gradient("L").resize((288, 96)).save(picture)
        listed = [{"file": "00.png", "input": "cells/test-000.png", "dice": 0.8125}]
        run_files.write_json(run / "evaluation" / "examples.json", listed)
    return counts


def write_boxes(
    run: Path, classes: Sequence[str] = ("platelet", "red", "white", "absent"), examples: bool = True
) -> dict[str, Any]:
    """Write a detection whose boxes of test are random ones with no box of the last class; return its boxes.json."""
    run_files.write_run(run, examples=examples)
    detections, truth = draw_boxes(SIZES["test"], len(classes) - 1, 4, ties=False)
    names = [f"smears/test-{number:03d}.png" if examples else str(number) for number in range(SIZES["test"])]
    plan = run_files.plan_document(classes)
    plan["labels"] = {"kind": "boxes", "names": list(classes), "mean": [], "deviation": []}
    plan["data"] |= {"classes": list(classes), "sizes": SIZES}
    config = run_files.config_document(examples)
    config["task"] = {"kind": "object_detection"}
    config["output"]["examples"] = False
    verdicts = judge(detections, truth, np.full(len(classes), 0.4))
    columns = {
        **describe_pictures(detections, truth, verdicts),
        "loss": np.linspace(0, 5, len(names)), "places": np.arange(len(names)) % 4,
    }  # fmt: skip
    rows = [
        {"split": "test", "input": shown, **{name: _without_nan(own[place].item()) for name, own in columns.items()}}
        for place, shown in enumerate(names)
    ]
    constant = {"loss": 0.9, "mean_average_precision": 0.0}
    _write(run, plan, config, [{**row, "label": "", "group": ""} for row in rows], {}, constant)
    for name, (places, cells) in {
        "detections": list_detections(detections, classes, verdicts),
        "truth": list_truth(truth, classes, verdicts),
    }.items():
        parts = [
            {"split": "test", "input": names[place], "number": place + 1}
            | {column: values[number] for column, values in cells.items()}
            for number, place in enumerate(places)
        ]
        run_files.write_csv(run / "evaluation" / f"{name}.csv", parts)
    config["output"]["examples"] = examples
    run_files.write_json(run / "config.json", config)
    run_files.write_json(run / "model" / "thresholds.json", dict.fromkeys(classes, 0.4))
    loss = float((columns["loss"] * np.maximum(columns["places"], 1)).sum() / columns["places"].sum())
    document = {"test": {"loss": loss, **score(detections, truth, len(classes))}}
    document["classes"] = {"test": score_classes(detections, truth, classes)}
    run_files.write_json(run / "metrics.json", _without_nan(document))
    described: dict[str, Any] = describe_boxes(detections, truth, classes, dict.fromkeys(classes, 0.4))
    run_files.write_json(run / "evaluation" / "boxes.json", _without_nan(described))
    if examples:
        picture = run / "evaluation" / "examples" / "00-found.png"
        picture.parent.mkdir()
        Image.linear_gradient("L").resize((120, 90)).save(picture)
        listed = [{"panels": {"found": picture.name}, "input": names[3], "kind": "missed", "missed": 2}]
        run_files.write_json(run / "evaluation" / "examples.json", listed)
    return described


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(own) for name, own in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(own) for own in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def of_test(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["split"] == "test"]


def _write(
    run: Path,
    plan: dict[str, Any],
    config: dict[str, Any],
    rows: list[dict[str, Any]],
    measured: dict[str, float],
    constant: dict[str, float],
) -> None:
    run_files.write_json(run / "plan.json", plan)
    run_files.write_json(run / "config.json", config)
    run_files.write_json(run / "metrics.json", {"validation": measured, "test": measured})
    run_files.write_json(run / "evaluation" / "constant.json", {"validation": constant, "test": constant})
    evaluated = [row for row in rows if row["split"] != "train"]
    run_files.write_csv(run / "evaluation" / "predictions.csv", evaluated)
    run_files.write_csv(run / "splits.csv", run_files.splits_rows(rows))
    if config["output"]["examples"]:
        run_files.write_mistakes(run, evaluated)


def _judge_rows(classes: Sequence[str], thresholds: Mapping[str, float]) -> list[dict[str, Any]]:
    draw = random.Random(11)
    rows = []
    for split, size in SIZES.items():
        for number in range(size):
            has = {name: draw.random() < 0.7 / (1 + place) for place, name in enumerate(classes)}
            # Rounded, so that some probabilities are equal.
            probability = {
                name: round(1 / (1 + math.exp(-(3 if own else -1) - draw.gauss(0, 2))), 2) for name, own in has.items()
            }
            rows.append(
                {
                    "split": split,
                    "input": f"slides/{split}-{number:03d}.png",
                    "label": "|".join(name for name in classes if has[name]),
                    "prediction": "|".join(name for name in classes if probability[name] >= thresholds.get(name, 0.5)),
                    **{f"probability_{name}": probability[name] for name in classes},
                    "loss": draw.random(),
                }
            )
    return rows


def _mask_rows(classes: Sequence[str], examples: bool) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    random = np.random.default_rng(13)
    size = len(classes)
    counts, rows = {}, []
    for split, number in SIZES.items():
        pixels = random.integers(0, 40, (number, size, size)) + 300 * np.eye(size, dtype=np.int64)
        if split != "train":
            counts[split] = pixels.sum(axis=0)
        for place, picture in enumerate(pixels):
            name = f"cells/{split}-{place:03d}.png" if examples else str(place)
            cells = dict(zip(name_columns(size), picture.ravel().tolist(), strict=True))
            scores = segmentation.score(picture)
            rows.append({"split": split, "input": name, "label": "", **cells, **scores, "loss": 0.2})
    return counts, rows


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in (*names, "label")}


def _value_rows(spread: Mapping[str, tuple[float, float]], noise: float, whole: bool) -> list[dict[str, Any]]:
    draw = random.Random(12)
    rows = []
    for split, size in SIZES.items():
        for number in range(size):
            row: dict[str, Any] = {"split": split, "input": f"faces/{split}-{number:03d}.png"}
            for name, (mean, deviation) in spread.items():
                ending = "" if len(spread) == 1 else f"_{name}"
                true = draw.gauss(mean, deviation)
                row[f"label{ending}"] = float(round(true)) if whole else true
                # Drawn to the mean, as the predictions of an unsure model are.
                row[f"value{ending}"] = mean + 0.8 * (true - mean) + draw.gauss(0, noise * deviation)
            rows.append(row | {"loss": draw.random()})
    return rows


def _spread(numbers: Sequence[float]) -> dict[str, float]:
    mean = sum(numbers) / len(numbers)
    deviation = metrics.root_mean_squared_error(numbers, [mean] * len(numbers))
    return {"mean": mean, "deviation": float(deviation), "smallest": min(numbers), "largest": max(numbers)}
