"""Test images with their masks and with what was predicted laid over them, for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.overlays import draw_difference, lay_mask
from kerastune_ft.data.annotations.palette import choose_colours
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.pictures import encode_thumbnail, remove_files
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.tiled.examples import ShownMask, show_pictures

_SHOWN = 12


def write_mask_examples(
    session: Session,
    run: RunDirectory,
    rows: list[dict[str, Any]],
    evaluated: Mapping[str, Evaluated],
    directory: str = "evaluation",
) -> None:
    """Write test images from the worst to the best, each beside its mask and the prediction laid over it.

    A last panel shows where both differ.

    They are a list and a folder `examples` in `directory`.
    """
    split = "test" if "test" in evaluated else list(evaluated)[-1]
    own = [row for row in rows if row["split"] == split]
    chosen = _choose(np.array([row["loss"] for row in own], np.float64))
    indices = evaluated[split].indices[chosen]
    show = _show_whole if session.loader.source.cuts is None else show_pictures
    colours = choose_colours(session.task.scheme)
    entries: list[dict[str, Any]] = []
    written: set[str] = set()
    for number, (place, (image, mask, predicted, seen)) in enumerate(zip(chosen, show(session, indices), strict=False)):
        names = {}
        for panel, pixels in _draw_panels(image, mask, predicted, colours).items():
            suffix, content = encode_thumbnail(pixels)
            names[panel] = f"{number:02d}-{panel}.{suffix}"
            run.commit(f"{directory}/examples/{names[panel]}", content)
        written.update(names.values())
        figures = {key: own[place][key] for key in ("mean_iou", "dice", "accuracy", "loss")}
        entries.append({"panels": names, "seen": seen, "input": own[place]["input"], **figures})
    remove_files(run, "examples", written, directory)
    run.commit_json(f"{directory}/examples.json", entries)


def _show_whole(session: Session, indices: np.ndarray) -> Iterator[ShownMask]:
    """Yield of each example its picture as the model saw it, both masks, and what became of it on its way."""
    loader = session.loader
    images = np.concatenate([np.asarray(batch) for batch in loader.inputs(indices, 1)])
    became = loader.describe_inputs([int(index) for index in indices])
    for image, mask, seen in zip(images, loader.targets(indices), became, strict=True):
        outputs = session.model(tf.constant(image[np.newaxis], tf.float32), training=False)
        yield image, mask, np.asarray(outputs)[0].argmax(-1).astype(np.uint8), seen


def _choose(losses: np.ndarray) -> list[int]:
    """Return the places of examples: half have the largest losses, the others go evenly down to the smallest."""
    order = np.argsort(-np.nan_to_num(losses), kind="stable")
    shown = min(_SHOWN, len(order))
    worst = shown // 2
    places = [*range(worst), *np.linspace(worst, len(order) - 1, shown - worst).round().astype(int)]
    return [int(order[place]) for place in places]


def _draw_panels(
    image: np.ndarray, mask: np.ndarray, predicted: np.ndarray, colours: np.ndarray
) -> dict[str, np.ndarray]:
    """Return by name what is shown of an example: the picture as the model saw it, and both masks laid over it."""
    pixels = np.clip(np.round(image), 0, 255).astype(np.uint8)
    return {
        "picture": pixels,
        "labelled": lay_mask(pixels, mask, colours),
        "predicted": lay_mask(pixels, predicted, colours),
        "difference": draw_difference(pixels, mask, predicted),
    }
