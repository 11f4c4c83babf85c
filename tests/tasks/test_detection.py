from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import metrics_of_labels
from kerastune_ft.config.options.tasks import ObjectDetection
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.randomness import example_keys
from kerastune_ft.input import image_augmentation
from kerastune_ft.input.box_geometry import find_placement
from kerastune_ft.input.decode import Geometry, fit
from kerastune_ft.losses.boxes import compute_losses
from kerastune_ft.metrics import detection as metrics
from kerastune_ft.tasks import detection
from kerastune_ft.tasks.base import Placement
from kerastune_ft.tasks.detection import Detection

NAMES = ("cat", "dog")
SIZE = (64, 96)
OWN = (100, 120)
GEOMETRY = Geometry(*SIZE, "pad")
OBJECTS = np.array(
    [[[10, 20, 50, 60, 1, 0, 1600], [60, 5, 110, 95, 0, 0, 4500]], [[30, 30, 80, 80, 0, 0, 2500], [-1] * 7]], np.float32
)


def make_task(most: int = 8, smallest: float = 0.4, limit: int | None = None, **head: Any) -> Detection:
    options = ObjectDetection(kind="object_detection", max_detections=limit)
    return Detection(options, Head(**head), LabelScheme("boxes", NAMES, most=most, smallest=smallest), 0, SIZE)


def make_targets(task: Detection) -> dict[str, np.ndarray]:
    """Return the targets of two images of 100 x 120 pixels."""
    rows = [
        task.target({"boxes": tf.constant(own[own[:, 4] >= 0]), "size": tf.constant(OWN)}, GEOMETRY) for own in OBJECTS
    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def make_outputs(targets: dict[str, np.ndarray], score: float = 4.0) -> np.ndarray:
    """Return raw outputs that find all objects: a place of stride 32 at the centre of each."""
    boxes = targets["boxes"]
    outputs = np.zeros((*boxes.shape[:2], len(NAMES) + 7), np.float32)
    outputs[..., :2], outputs[..., -1] = -8.0, 32
    for place in np.argwhere(boxes[..., 4] >= 0):
        box = boxes[tuple(place)]
        outputs[(*place, int(box[4]))] = score - place[1]
        outputs[(*place, slice(2, 6))] = box[:4]
        outputs[(*place, slice(6, 8))] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    return outputs


def measure(task: Detection, outputs: np.ndarray, targets: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = task.measure(tf.nest.map_structure(tf.constant, targets), tf.constant(outputs))
    return {name: np.asarray(rows) for name, rows in found.items()}


@pytest.mark.parametrize(
    ("strides", "levels", "smallest", "holds", "expected"),
    [
        ((2, 4, 8, 16, 32), None, 0.4, True, "8 16 32"),
        ((2, 4, 8, 16, 32), None, 0.2, True, "4 8 16 32"),
        ((2, 4, 8, 16, 32), None, 0.2, False, "8 16 32"),
        ((2, 4, 8, 16, 32), "auto", 0.0, True, "8 16 32"),
        ((4, 8, 16, 32), (3, 4), 0.1, True, "8 16"),
        ((4, 8, 16, 32), (4, 5, 6), 0.1, True, "16 32"),
        ((4, 8, 16, 32), (6, 7), 0.1, True, "32"),
        ((16,), None, 0.4, True, "16"),
    ],
)
def test_levels_follow_the_sizes_of_the_boxes(
    strides: Sequence[int], levels: Any, smallest: float, holds: bool, expected: str
) -> None:
    """A box of 0.2 of the longer side has 19 pixels of 96, one of 0.4 has 38."""
    task = make_task(smallest=smallest, levels=None if levels == "auto" else levels)
    found = task.endpoints(dict.fromkeys(f"stride{stride}" for stride in strides), lambda names: holds)
    assert found == tuple(f"stride{stride}" for stride in expected.split())


@pytest.mark.parametrize(
    ("names", "levels", "message"),
    [
        (("features",), None, "of strides 8 and coarser; it has none"),
        (("stride8", "stride16"), (2, 3), "of strides 4, 8; it has strides 8, 16"),
    ],
)
def test_a_backbone_without_such_maps_is_refused(names: Sequence[str], levels: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"head.levels: .*{message}"):
        make_task(levels=levels).endpoints(dict.fromkeys(names), lambda names: True)


def test_the_only_map_of_a_backbone_becomes_a_pyramid() -> None:
    task = make_task(width=8)
    outputs = task.head({"stride16": keras.Input((4, 6, 8), name="stride16")})
    assert outputs.shape == (None, 8 * 12 + 4 * 6 + 2 * 3, len(NAMES) + 7)
    (about,) = task.describe_head({"stride16": keras.Input((4, 6, 8))}, outputs).values()
    assert about["strides"] == [8, 16, 32] and about["places"] == 126 and about["finest"] == 8


@pytest.mark.parametrize(("most", "given", "expected"), [(8, None, 100), (152, None, 304), (152, 20, 20)])
def test_the_number_of_boxes_follows_the_data(most: int, given: int | None, expected: int) -> None:
    assert make_task(most, limit=given).limit == expected


def test_targets_lie_on_their_objects_and_move_with_them() -> None:
    task = make_task()
    targets = make_targets(task)
    assert targets["boxes"].shape == (2, 8, 7) and (targets["boxes"][:, 2:] == -1).all()
    for own, fitted in zip(OBJECTS, targets["boxes"], strict=True):
        for box, target in zip(own[own[:, 4] >= 0], fitted, strict=False):
            image = np.zeros((*OWN, 3), np.uint8)
            left, top, right, bottom = box[:4].astype(int)
            image[top:bottom, left:right] = 255
            seen = fit(tf.constant(image), GEOMETRY).numpy()[..., 0] > 127
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            assert np.abs(target[:4] - [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).max() <= 1
            assert target[4:].tolist() == box[4:].tolist()
    none = {"rotate": 0, "zoom": 0, "brightness": 0, "contrast": 0, "erase": 0}
    keys = example_keys("seed", 0, tf.range(2, dtype=tf.int64))
    changes = image_augmentation.draw(keys, {**none, "flip": "both"}, SIZE)
    moved = task.transform(targets, changes)
    assert np.array_equal(moved["boxes"], image_augmentation.on_boxes(tf.constant(targets["boxes"]), changes))
    assert np.array_equal(moved["placement"], targets["placement"])


def test_data_with_more_boxes_have_room() -> None:
    scheme = LabelScheme("boxes", NAMES, most=8).with_room_for(16)
    task = Detection(ObjectDetection(kind="object_detection"), Head(), scheme, 0, SIZE)
    many = tf.repeat(tf.constant(OBJECTS[0, :1]), 12, axis=0)
    assert task.target({"boxes": many, "size": tf.constant(OWN)}, GEOMETRY)["boxes"].shape == (16, 7)
    assert scheme == LabelScheme("boxes", NAMES, most=8) and "here" not in scheme.to_json()
    assert task.limit == 100


def test_a_model_that_finds_all_is_perfect_in_the_pixels_of_the_images() -> None:
    task = make_task()
    targets = make_targets(task)
    found = measure(task, make_outputs(targets), targets)
    assert found["detections"].shape == (2, 100, 6) and found["truth"].shape == (2, 8, 7)
    assert found["truth"][:, :2] == pytest.approx(OBJECTS, abs=1e-3)
    assert found["detections"][0, :2, :5] == pytest.approx(OBJECTS[0, :, :5], abs=1e-3)
    assert (found["detections"][1, 1:] == -1).all()
    summary = task.summarise(found)
    assert tuple(summary) == tuple(metrics_of_labels("boxes")) == tuple(task.metric_directions)
    assert summary["mean_average_precision"] == 1
    assert list(task.summarise_classes(found)) == list(NAMES)


def test_padding_counts_for_nothing_and_the_loss_is_by_matched_places() -> None:
    task = make_task()
    targets = make_targets(task)
    outputs = make_outputs(targets)
    losses, counts = compute_losses(tf.constant(targets["boxes"]), tf.constant(outputs))
    total, count = task.loss(targets, tf.constant(outputs), tf.constant([1.0, 0.0]))
    assert (float(total), float(count)) == (float(losses[0]), float(counts[0]))
    found = measure(task, outputs, targets)
    expected = losses.numpy().sum() / counts.numpy().sum()
    assert task.summarise(found)["loss"] == pytest.approx(expected, rel=1e-6)


def test_columns_count_boxes_from_the_thresholds_on() -> None:
    task = make_task()
    targets = make_targets(task)
    outputs = make_outputs(targets)
    # The dog is seen where none is, with a low score.
    outputs[0, 0, 2:6] += 40
    found = measure(task, outputs, targets)
    columns = task.prediction_columns(found)
    assert columns["boxes"].tolist() == [2, 1]
    assert columns["hits"].tolist() == [1, 1] and columns["false_alarms"].tolist() == [1, 0]
    assert np.isfinite(columns["loss"]).all()
    chosen = task.choose_thresholds(found)
    assert list(chosen) == list(NAMES) and task.shown_thresholds == chosen
    assert task.describe_decisions()["thresholds"] == list(chosen.values())
    with pytest.raises(ValueError, match="not of cat, dog"):
        task.set_thresholds({"cow": 0.5})


def test_predictions_are_in_the_pixels_of_their_image() -> None:
    task = make_task()
    outputs = make_outputs(make_targets(task))
    outputs[0, 1, 0] = -1.0
    placed, plain = task.decode(outputs, [Placement(*OWN, GEOMETRY), None])
    assert placed.boxes is not None and plain.boxes is not None
    # The cat's score is below its threshold of .5.
    assert placed.boxes[:, :5] == pytest.approx(OBJECTS[0, :1, :5], abs=1e-3)
    assert placed.cells == {"count_cat": 0, "count_dog": 1}
    assert plain.boxes[0, :4] == pytest.approx(make_targets(task)["boxes"][1, 0, :4])
    assert tuple(plain.cells) == task.output_columns


@pytest.mark.parametrize("resize", ["pad", "stretch", "crop"])
@pytest.mark.parametrize("own", [(100, 120), (37, 91), (90, 41)])
def test_saved_models_answer_in_the_pixels_of_what_they_take(resize: str, own: tuple[int, int]) -> None:
    task, geometry = make_task(), Geometry(*SIZE, resize)  # type: ignore[arg-type]
    outputs = make_outputs(make_targets(task))
    placements = tf.repeat(find_placement(tf.constant(own), geometry)[tf.newaxis], 2, axis=0)
    found = task.measure({"boxes": make_targets(task)["boxes"], "placement": placements}, tf.constant(outputs))
    raw, images = keras.Input(outputs.shape[1:]), keras.Input((None, None, 3))
    model = keras.Model([raw, images], task.restore(task.finish(raw), images, geometry))
    saved = keras.Model.from_config(model.get_config())
    answered = np.asarray(saved([outputs, np.zeros((2, *own, 3), np.float32)]))
    assert answered == pytest.approx(found["detections"].numpy(), abs=1e-3)


def test_boxes_of_another_answer_are_compared_with_their_partners() -> None:
    task = make_task()
    targets = make_targets(task)
    found = measure(task, make_outputs(targets), targets)
    other = found["detections"][:, ::-1].copy()
    assert task.difference(found, other, targets) == pytest.approx([0, 0], abs=1e-6)
    other[0, -1, 5] -= 0.01
    other[1, -1, 4] = 1
    assert task.difference(found, other, targets) == pytest.approx([0.01, 1], abs=1e-5)


def test_several_models_answer_together(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task()
    targets = make_targets(task)
    one, other = make_outputs(targets), make_outputs(targets)
    other[..., 2:6] += 1
    other[1] = make_outputs(targets, -9)[1]
    joined = np.asarray(task.join([tf.constant(one), tf.constant(other)]))
    assert joined[0, :, 2:6] == pytest.approx(one[0, :, 2:6] + 0.5)
    scores = [1 / (1 + np.exp(-each[..., :2])) for each in (one, other, joined)]
    assert scores[2] == pytest.approx((scores[0] + scores[1]) / 2, abs=1e-5)
    found = [measure(task, each, targets) for each in (one, other)]
    both = task.average(found)
    monkeypatch.setattr(detection, "_MOST_PAIRS", 1)
    assert np.array_equal(task.average(found)["detections"], both["detections"]), "picture by picture"
    assert both["detections"].shape == (2, 100, 6)
    # What one of two models alone has seen has half of its score.
    assert both["detections"][1, 0, 5] == pytest.approx(scores[0][1, 0].max() / 2)
    assert both["detections"][0, 0, 5] == pytest.approx(scores[0][0, 0].max(), rel=1e-5)
    assert (both["detections"][0, 2:] == -1).all()
    assert metrics.score(both["detections"], both["truth"], 2)["mean_average_precision_50"] == 1


def test_one_class_and_one_answer_for_each_picture() -> None:
    options = ObjectDetection(kind="object_detection", max_detections=1)
    task = Detection(options, Head(), LabelScheme("boxes", ("cat",), most=4, smallest=0.4), 0, SIZE)
    outputs = np.zeros((1, 2, 1 + 7), np.float32)
    outputs[0, :, 0], outputs[0, :, -1] = [2.0, 4.0], 32
    outputs[0, :, 2 - 1 : 6 - 1] = [[2, 4, 20, 30], [40, 8, 90, 60]]
    outputs[0, :, 6 - 1 : 8 - 1] = [[11, 17], [65, 34]]
    (found,) = np.asarray(task.finish(tf.constant(outputs)))
    assert found.shape == (1, 6)
    np.testing.assert_allclose(found[0], [40, 8, 90, 60, 0, 1 / (1 + np.exp(-4.0))], rtol=1e-5)
