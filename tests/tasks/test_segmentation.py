from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import metrics_of_labels
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.randomness import example_keys
from kerastune_ft.input import image_augmentation
from kerastune_ft.input.decode import Geometry
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.metrics import boundaries
from kerastune_ft.metrics import segmentation as metrics
from kerastune_ft.metrics.intervals.base import measure
from kerastune_ft.tasks.base import Placement
from kerastune_ft.tasks.segmentation import Segmentation
from tests.support.boundary_scores import count_by_distances

NAMES = ("sky", "road", "tree")
SIZE = (4, 6)


def task(**head: object) -> Segmentation:
    scheme = LabelScheme("mask", NAMES, raw_values={3: "sky", 5: "road", 9: "tree"})
    return Segmentation(ImageSegmentation(kind="image_segmentation"), Head(**head), scheme, 0, SIZE)


def with_boundaries() -> Segmentation:
    scheme = LabelScheme("mask", NAMES, raw_values={3: "sky", 5: "road", 9: "tree"})
    options = ImageSegmentation(kind="image_segmentation", metrics=("boundary_f1",))
    return Segmentation(options, Head(), scheme, 0, SIZE)


def batch(count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return masks, the last without a labelled pixel, and logits."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, (count, *SIZE)).astype(np.uint8)
    targets[0, :2] = IGNORE
    targets[-1] = IGNORE
    return targets, random.normal(size=(count, *SIZE, 3)).astype(np.float32)


def measured() -> dict[str, np.ndarray]:
    return {name: np.asarray(rows) for name, rows in task().measure(*map(tf.constant, batch())).items()}


@pytest.mark.parametrize(
    ("strides", "holds", "wanted", "expected"),
    [
        ((2, 4, 8), True, None, "2 4 8"),
        ((2, 4, 8), False, None, "4 8"),
        ((4, 8, 16), False, None, "4 8 16"),
        ((1, 2, 4), True, None, "2 4"),
        ((2, 4, 8), False, 2, "2 4 8"),
        ((8, 2, 16), True, 8, "8 16"),
    ],
)
def test_reads_the_finest_maps_that_the_cache_holds(
    strides: Sequence[int], holds: bool, wanted: int | None, expected: str
) -> None:
    found = task(stride=wanted).endpoints(dict.fromkeys(f"stride{stride}" for stride in strides), lambda names: holds)
    assert found == tuple(f"stride{stride}" for stride in expected.split())


@pytest.mark.parametrize(
    ("names", "stride", "message"), [(("features",), None, "it has none"), (("stride4", "stride8"), 2, "strides 4, 8;")]
)
def test_a_backbone_without_such_maps_is_refused(names: Sequence[str], stride: int | None, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"head.stride: .* from stride 2 on; .*{message}"):
        task(stride=stride).endpoints(dict.fromkeys(names), lambda names: True)


@pytest.mark.parametrize(("stride", "finest"), [(None, 4), (2, 2), (16, 16)])
def test_the_only_map_of_a_backbone_is_made_a_pyramid(stride: int | None, finest: int) -> None:
    """As of a vision transformer: it alone is stored, and the finest level of the pyramid is the stride asked for."""
    keras.utils.clear_session()
    made = Segmentation(
        ImageSegmentation(kind="image_segmentation"),
        Head(width=8, stride=stride),
        LabelScheme("mask", NAMES),
        0,
        (32, 48),
    )
    assert made.endpoints({"features": None, "stride16": None}, lambda names: False) == ("stride16",)
    only = keras.Input((2, 3, 16), name="stride16")
    model = keras.Model(only, made.head({"stride16": only}))
    assert model.output.shape == (None, 32, 48, len(NAMES))
    maps = [layer.name for layer in model.layers if layer.name.endswith("_skip")]
    wanted = [f"head_stride{level}_skip" for level in (2, 4, 8, 16) if level >= finest] if finest < 16 else []
    assert sorted(maps) == sorted(wanted)


def test_head_and_probabilities_have_the_size_of_the_image() -> None:
    inputs = {
        f"stride{stride}": keras.Input((8 // stride, 12 // stride, 3), name=f"stride{stride}") for stride in (2, 4)
    }
    made = Segmentation(
        ImageSegmentation(kind="image_segmentation"), Head(width=8), LabelScheme("mask", NAMES), 0, (8, 12)
    )
    outputs = made.finish(made.head(inputs))
    assert outputs.shape == (None, 8, 12, 3)
    found = keras.Model(inputs, outputs)({name: np.ones((1, *one.shape[1:]), "f") for name, one in inputs.items()})
    assert np.asarray(found).sum(-1) == pytest.approx(np.ones((1, 8, 12)), abs=1e-6)


def test_rows_of_padding_and_ignored_pixels_count_for_nothing() -> None:
    targets, outputs = map(tf.constant, batch())
    weights = tf.constant([1.0, 1, 0, 0, 1])
    total, count = task().loss(targets, outputs, weights)
    assert float(count) == pytest.approx(0.5 + 1 + 0)
    alone, _ = task().loss(targets[:2], outputs[:2], tf.ones(2))
    assert float(total) == pytest.approx(float(alone), rel=1e-6)
    doubled, same = task().loss(targets, outputs, weights, LossOptions(class_weights=(2.0, 2.0, 2.0)))
    assert (float(doubled), float(same)) == pytest.approx((2 * float(total), float(count)), rel=1e-6)
    assert float(task().training_sums(targets, outputs, weights)["accuracy"]) <= float(count)
    assert tuple(task().training_sums(targets, outputs, weights)) == task().training_metrics


def test_metrics_follow_from_the_counts_of_all_pictures() -> None:
    found, expected = task().summarise(measured()), metrics.score(measured()["confusion"].sum(0))
    assert tuple(found) == tuple(metrics_of_labels("mask"))
    assert {name: found[name] for name in expected} == expected
    targets, outputs = batch()
    logs = outputs - np.log(np.exp(outputs).sum(-1, keepdims=True))
    pixels = [-logs[place][target] for place, target in np.ndenumerate(targets) if target != IGNORE]
    assert found["loss"] == pytest.approx(np.mean(pixels), rel=1e-5)
    classes = task().summarise_classes(measured())
    assert list(classes) == list(NAMES)
    assert np.mean([row["iou"] for row in classes.values()]) == pytest.approx(found["mean_iou"])


def test_a_picture_without_labelled_pixels_has_no_figures() -> None:
    columns = task().prediction_columns(measured())
    assert list(columns) == ["mean_iou", "dice", "accuracy", "loss"]
    for values in columns.values():
        assert np.isnan(values[-1])
        assert np.isfinite(values[:-1]).all()
    table = task().detail_tables(measured())["confusion"]
    assert np.stack(list(table.values()), axis=1).sum(1).tolist() == [12, 24, 24, 24, 0]


def test_the_constant_answers_the_commonest_class_of_the_training_pixels() -> None:
    found = task().summarise_constant(measured(), np.array([[10, 60, 0], [0, 20, 10]]))
    true = measured()["confusion"].sum(axis=(0, 2))
    assert found is not None
    assert found["accuracy"] == true[1] / true.sum()
    assert found["loss"] == pytest.approx(-(true * np.log([0.1, 0.8, 0.1])).sum() / true.sum())


def test_targets_have_the_size_of_inputs_and_move_with_them() -> None:
    mask = tf.constant(np.arange(12, dtype=np.uint8).reshape(2, 6) % 3)
    target = task().target({"mask": mask}, Geometry(*SIZE, "stretch"))
    assert np.array_equal(target, np.repeat(mask, 2, axis=0))
    none = {"rotate": 0, "zoom": 0, "brightness": 0, "contrast": 0, "erase": 0}
    changes = image_augmentation.draw(
        example_keys("seed", 0, tf.range(8, dtype=tf.int64)), {**none, "flip": "horizontal"}, SIZE
    )
    moved = task().transform(tf.repeat(target[tf.newaxis], 8, axis=0), changes).numpy()
    mirrored = [np.array_equal(each, np.asarray(target)[:, ::-1]) for each in moved]
    assert 0 < sum(mirrored) < 8
    assert all(np.array_equal(each, target) for each, flag in zip(moved, mirrored, strict=True) if not flag)


def test_predictions_are_brought_back_to_the_size_of_their_image() -> None:
    logits = np.zeros((2, *SIZE, 3), np.float32)
    logits[:, :2, :, 1] = logits[:, 2:, :, 2] = 1
    whole, own = task().decode(logits, [None, Placement(8, 6, Geometry(*SIZE, "stretch"))])
    assert whole.mask is not None and own.mask is not None
    assert whole.mask.tolist() == [[1] * 6] * 2 + [[2] * 6] * 2
    assert own.mask.tolist() == [[1] * 6] * 4 + [[2] * 6] * 4
    assert own.cells == {"share_sky": 0.0, "share_road": 0.5, "share_tree": 0.5}
    assert tuple(own.cells) == task().output_columns


def test_a_saved_model_is_as_far_away_as_its_worst_figure() -> None:
    targets, outputs = batch()
    same = np.asarray(keras.ops.softmax(outputs))
    assert task().difference(measured(), same, targets) == pytest.approx(np.zeros(5), abs=1e-6)
    other = same[..., ::-1]
    far = task().difference(measured(), other, targets)
    assert (far[:-1] > 0.01).all()
    assert far[-1] == 0


def test_boundary_f1_is_measured_where_it_is_asked_for() -> None:
    own = with_boundaries()
    found = {name: np.asarray(rows) for name, rows in own.measure(*map(tf.constant, batch())).items()}
    assert own.metric_directions == {**task().metric_directions, "boundary_f1": "max"}
    targets, logits = batch()
    reach = boundaries.find_reach(*SIZE)
    counts = np.array(
        [
            [count_by_distances(true, predicted, number, reach, IGNORE) for number in range(3)]
            for true, predicted in zip(targets, logits.argmax(-1), strict=True)
        ]
    )
    assert np.array_equal(found["boundaries"], counts)
    summary, plain = own.summarise(found), task().summarise(measured())
    assert summary == {**plain, "boundary_f1": float(boundaries.score(counts.sum(axis=0)))}
    assert 0 < summary["boundary_f1"] < 1
    assert measure(own.sample(found))["boundary_f1"] == pytest.approx(summary["boundary_f1"])
    assert own.summarise_classes(found)["road"]["boundary_f1"] == boundaries.score_classes(counts.sum(axis=0))[1]
    assert np.isnan(own.prediction_columns(found)["boundary_f1"][-1])
    columns = own.detail_tables(found)["confusion"]
    assert np.array_equal(columns["boundary_true_near_1"], counts[:, 1, 1])
    assert list(columns)[:9] == list(task().detail_tables(measured())["confusion"])
    constant = own.summarise_constant(found, np.array([[9, 1, 1]]))
    assert constant is not None
    assert constant["boundary_f1"] == 0
    assert set(constant) == set(summary)
    assert "boundary_f1" not in task().summarise_classes(measured())["road"]
