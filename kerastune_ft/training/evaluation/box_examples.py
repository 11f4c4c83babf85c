"""Test images with the boxes that were missed and the false alarms of the highest scores, for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.overlays import DrawnBox, choose_box_colours, draw_boxes
from kerastune_ft.input.box_geometry import find_placement, fit_boxes
from kerastune_ft.input.decode import Geometry
from kerastune_ft.metrics.boxes.verdicts import ALONE, IGNORED, NOTHING, OTHER, Verdicts, judge
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.detail_files import choose_last
from kerastune_ft.training.evaluation.pictures import encode_thumbnail, remove_files
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session

_SHOWN = 5
"""Pictures of each kind."""
_SIDE = 448
"""Pixels of the longer side of a picture, so that boxes and letters are told apart."""
_PANELS = {"truth": "labelled", "detections": "found"}
_WRONG, _CROWD = (235, 20, 20), (150, 150, 150)


def write_box_examples(
    session: Session,
    run: RunDirectory,
    rows: list[dict[str, Any]],
    evaluated: Mapping[str, Evaluated],
    directory: str = "evaluation",
) -> None:
    """Write the pictures with the largest missed boxes, and those with the false alarms of the highest scores.

    Each is shown with its labelled boxes and with those found. They are a list and a folder `examples` in `directory`.
    """
    split = choose_last(evaluated)
    own, measured = [row for row in rows if row["split"] == split], evaluated[split].measured
    names = session.task.scheme.names
    thresholds = session.task.shown_thresholds
    verdicts = judge(measured["detections"], measured["truth"], np.array([thresholds[name] for name in names]))
    chosen = choose_worst(measured["detections"], measured["truth"], verdicts, names)
    entries: list[dict[str, Any]] = []
    written: set[str] = set()
    for number, (place, said) in enumerate(chosen):
        index = int(evaluated[split].indices[place])
        (seen,) = session.loader.describe_inputs([index])
        batch = next(iter(session.loader.inputs(np.array([index], np.int64), 1)))
        pixels, scale = _enlarge(np.clip(np.round(np.asarray(batch)[0]), 0, 255).astype(np.uint8))
        files = {}
        for panel, own_verdicts in (("truth", verdicts.truth), ("detections", verdicts.detections)):
            boxes = measured[panel][place]
            corners = scale * _fit(boxes[:, :4], seen)
            styles = _style(boxes, own_verdicts[place], names, with_scores=panel == "detections")
            drawn = [style._replace(corners=corners[box].tolist()) for box, style in styles]
            suffix, content = encode_thumbnail(draw_boxes(pixels, drawn), _SIDE)
            files[_PANELS[panel]] = f"{number:02d}-{panel}.{suffix}"
            run.commit(f"{directory}/examples/{files[_PANELS[panel]]}", content)
        written.update(files.values())
        entries.append({"panels": files, "seen": seen, "input": own[place]["input"], **said})
    remove_files(run, "examples", written, directory)
    run.commit_json(f"{directory}/examples.json", entries)


def choose_worst(
    detections: np.ndarray, truth: np.ndarray, verdicts: Verdicts, names: Sequence[str]
) -> list[tuple[int, dict[str, Any]]]:
    """Return the places of the worst pictures, each once, and what is wrong in them.

    Those with the largest missed boxes come first, then those with the false alarms of the highest scores.
    """
    is_missed = np.isin(verdicts.truth, (ALONE, OTHER))
    is_alarm = np.isin(verdicts.detections, (ALONE, OTHER))
    areas = np.where(is_missed, truth[..., 6], -1.0).max(axis=1, initial=-1.0)
    scores = np.where(is_alarm, detections[..., 5], -1.0)
    best = scores.max(axis=1, initial=-1.0)
    missed = [int(place) for place in np.argsort(-areas, kind="stable") if areas[place] >= 0][:_SHOWN]
    alarms = [int(place) for place in np.argsort(-best, kind="stable") if best[place] >= 0 and place not in missed]
    found = [(place, {"kind": "missed", "missed": int(is_missed[place].sum())}) for place in missed]
    for place in alarms[:_SHOWN]:
        worst = detections[place, int(scores[place].argmax())]
        found.append((place, {"kind": "false alarm", "label": names[int(worst[4])], "score": float(worst[5])}))
    return found


def _enlarge(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a picture whose longer side has enough pixels to draw upon, and how much larger it became."""
    from PIL import Image

    scale = max(1.0, _SIDE / max(pixels.shape[:2]))
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)), scale


def _fit(corners: np.ndarray, seen: Mapping[str, Any]) -> np.ndarray:
    """Return corners in pixels of a picture as the model got it, which `Loader.describe_inputs` tells."""
    height, width = seen["size"]
    geometry = Geometry(height, width, seen["resize"])
    fitted: np.ndarray = fit_boxes(tf.constant(corners), find_placement(tf.constant(seen["of"]), geometry), geometry)
    return np.asarray(fitted)


def _style(
    boxes: np.ndarray, verdicts: np.ndarray, names: Sequence[str], with_scores: bool
) -> list[tuple[int, DrawnBox]]:
    """Return the places of boxes with how they are drawn, wrong ones last.

    Missed boxes and false alarms are red, with their class; others have the colour of their class.
    """
    colours = choose_box_colours(len(names))
    found = []
    for place in np.flatnonzero(verdicts != NOTHING).tolist():
        number = int(boxes[place, 4])
        is_wrong = verdicts[place] in (ALONE, OTHER)
        colour = _WRONG if is_wrong else _CROWD if verdicts[place] == IGNORED else colours[number]
        text = f"{names[number]} {boxes[place, 5]:.2f}" if with_scores else names[number]
        found.append((place, DrawnBox((), colour, text if is_wrong else "", is_wrong)))
    return sorted(found, key=lambda each: each[1].is_thick)
