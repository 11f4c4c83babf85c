"""Test images with their masks and what was predicted, laid over them side by side, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.pictures import encode_png, remove_pictures
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session

_SHOWN = 12
_OPACITY = 0.45
_GAP = 4


def write_mask_examples(
    session: Session, run: RunDirectory, rows: list[dict[str, Any]], evaluated: Mapping[str, Evaluated]
) -> None:
    """Write test images from the worst to the best, each beside its mask and the prediction laid over it."""
    split = "test" if "test" in evaluated else list(evaluated)[-1]
    own = [row for row in rows if row["split"] == split]
    chosen = _choose(np.array([row["loss"] for row in own], np.float64))
    indices = evaluated[split].indices[chosen]
    loader = session.loader
    images = np.concatenate([np.asarray(batch) for batch in loader.inputs(indices, 1)])
    masks = loader.targets(indices)
    entries = []
    for number, (place, image, mask) in enumerate(zip(chosen, images, masks, strict=True)):
        outputs = session.model(tf.constant(image[np.newaxis], tf.float32), training=False)
        predicted = np.asarray(outputs)[0].argmax(-1).astype(np.uint8)
        name = f"{number:02d}.png"
        run.commit(f"evaluation/examples/{name}", encode_png(_lay_out(image, mask, predicted)))
        figures = {key: own[place][key] for key in ("mean_iou", "dice", "accuracy", "loss")}
        entries.append({"file": name, "input": own[place]["input"], **figures})
    remove_pictures(run, "examples", len(entries))
    run.commit_json("evaluation/examples.json", entries)


def _choose(losses: np.ndarray) -> list[int]:
    """Return the places of examples evenly spread from the largest loss to the smallest."""
    order = np.argsort(-np.nan_to_num(losses), kind="stable")
    places = np.linspace(0, len(order) - 1, min(_SHOWN, len(order))).round().astype(int)
    return [int(order[place]) for place in places]


def _lay_out(image: np.ndarray, mask: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    pixels = np.clip(np.round(image), 0, 255).astype(np.uint8)
    gap = np.full((len(pixels), _GAP, 3), 255, np.uint8)
    return np.concatenate([pixels, gap, _overlay(pixels, mask), gap, _overlay(pixels, predicted)], axis=1)


def _overlay(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the image in the colours of the classes; the first class and what belongs to none stay as they are."""
    colours = PALETTE[mask]
    tinted = (1 - _OPACITY) * pixels + _OPACITY * colours
    shown = (mask != 0) & (mask != IGNORE)
    return np.where(shown[..., np.newaxis], np.round(tinted), pixels).astype(np.uint8)
