"""Class weights, balanced sampling, and the warnings about classes of unequal size."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.data.build import describe
from kerastune_ft.data.labels.one_class import OneClassLabels
from kerastune_ft.data.labels.several_classes import SeveralClassesLabels
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.choose import ChosenSplits
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.order import draw_by_class
from kerastune_ft.training.plan.keys import class_balance


class _Numbered(DataSource):
    """Examples without content."""

    def __init__(self, numbers: np.ndarray, names: tuple[str, ...]) -> None:
        labels = (OneClassLabels if numbers.ndim == 1 else SeveralClassesLabels)(names, numbers)
        splits = {"train": np.arange(len(numbers)), "validation": np.arange(2)}
        keys = [str(number) for number in range(len(numbers))]
        super().__init__(
            describe("numbered", "numbered", labels, ChosenSplits(splits, (), {}), "", keys, ["0" * 64] * len(keys))
        )

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": tf.zeros([1, 1, 3], tf.uint8)}


def _phase(**options: object) -> Phase:
    return Phase(name="head", unfreeze="none", epochs=1, learning_rate=0.1, **options)


def _one(*counts: int) -> _Numbered:
    return _Numbered(np.repeat(np.arange(len(counts)), counts).astype(np.int32), tuple("abcdef"[: len(counts)]))


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    source = _one(70, 20, 10)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=source.labels)
    assert class_balance.class_weights(source, _phase(class_weights="balanced"), "p") == pytest.approx(expected)
    assert class_balance.class_weights(source, _phase(), "p") is None


def test_a_map_of_weights_leaves_other_classes_at_one_and_names_unknown_ones() -> None:
    assert class_balance.class_weights(_one(5, 5), _phase(class_weights={"b": 3}), "p") == (1.0, 3.0)
    with pytest.raises(ConfigError, match=r"p\.class_weights: 'z' is not a class; the classes are a, b"):
        class_balance.class_weights(_one(5, 5), _phase(class_weights={"z": 3}), "p")


def test_balanced_weights_of_several_labels_are_negatives_to_positives() -> None:
    numbers = np.zeros((10, 2), np.uint8)
    numbers[:2, 0] = 1
    numbers[:, 1] = 1
    weights = class_balance.class_weights(_Numbered(numbers, ("a", "b")), _phase(class_weights="balanced"), "p")
    assert weights == pytest.approx((4.0, 0.1))


def test_a_class_without_training_examples_weighs_1_and_counts_for_none() -> None:
    source = _Numbered(np.array([0, 0, 0, 2], np.int32), ("a", "b", "c"))
    expected = compute_class_weight("balanced", classes=np.array([0, 2]), y=source.labels)
    balanced = class_balance.class_weights(source, _phase(class_weights="balanced"), "p")
    assert balanced == pytest.approx((expected[0], 1.0, expected[1]))
    several = _Numbered(np.array([[1, 0], [0, 0], [0, 0]], np.uint8), ("a", "b"))
    assert class_balance.class_weights(several, _phase(class_weights="balanced"), "p") == (2.0, 1.0)
    # The mean weight of an example is 1.
    assert sum(balanced[number] for number in source.labels) == pytest.approx(4)


def test_balanced_epochs_have_all_classes_alike_and_other_examples_every_epoch() -> None:
    source = _one(90, 9, 3)
    indices = np.arange(102)
    shares = class_balance.sampling_shares(source, indices)
    first, second = (draw_by_class(indices, source.labels, shares, (0, 0, epoch)) for epoch in (0, 1))
    for drawn in (first, second):
        assert np.bincount(source.labels[drawn]).tolist() == [34, 34, 34]
        # A rare example comes again only after all others of its class have.
        for rare in (1, 2):
            repeats = np.unique(drawn[source.labels[drawn] == rare], return_counts=True)[1]
            assert repeats.max() - repeats.min() <= 1
    common = [set(drawn[source.labels[drawn] == 0]) for drawn in (first, second)]
    assert len(common[0]) == 34
    assert common[0] != common[1]
    assert (draw_by_class(indices, source.labels, shares, (0, 0, 0)) == first).all()


def test_the_number_of_examples_of_a_balanced_epoch_stays() -> None:
    source = _one(10, 5, 2)
    drawn = draw_by_class(np.arange(17), source.labels, class_balance.sampling_shares(source, np.arange(17)), (1, 0, 0))
    assert len(drawn) == 17
    assert sorted(np.bincount(source.labels[drawn])) == [5, 6, 6]


def test_an_example_with_several_labels_counts_for_the_rarest() -> None:
    numbers = np.array([[1, 1], [1, 0], [0, 0], [1, 0]], np.uint8)
    assert class_balance.rarest_class(_Numbered(numbers, ("a", "b")), np.arange(4)).tolist() == [1, 0, 2, 0]


def test_a_balanced_epoch_of_several_labels_never_makes_the_rarest_rarer() -> None:
    # As on blood smears: nearly all have a and b, some have only the commonest, half have the rarest.
    rows = [[1, 1, 1]] * 130 + [[1, 1, 0]] * 100 + [[1, 0, 0]] * 4 + [[0, 1, 1]] * 8 + [[0, 0, 0]] * 6
    numbers = np.array(rows, np.uint8)
    source, indices = _Numbered(numbers, ("a", "b", "c")), np.arange(len(numbers))
    classes, shares = class_balance.rarest_class(source, indices), class_balance.sampling_shares(source, indices)
    assert sum(shares.values()) == pytest.approx(1)
    drawn = draw_by_class(indices, classes, shares, (0, 0, 0))
    assert len(drawn) == len(indices)
    assert numbers[drawn][:, 2].sum() > numbers[:, 2].sum()
    assert np.unique(drawn, return_counts=True)[1].max() <= 2
    (note,) = (one for one in class_balance.notes(source, {"head": _phase(sampling="balanced")}) if "sampling" in one)
    said = re.search(r"c (\d+)", note)
    assert said is not None
    assert int(said[1]) == pytest.approx(int(numbers[drawn][:, 2].sum()), abs=1)
    often = list(class_balance.notes(_one(990, 10), {"head": _phase(sampling="balanced")}))
    assert any("an example of b comes up to 50 times" in one for one in often)


@pytest.mark.parametrize("seed", range(4))
def test_what_a_balanced_epoch_draws_by_counting(seed: int) -> None:
    draw = np.random.default_rng(seed)
    flags = (draw.random((37, 3)) < [0.7, 0.3, 0.1]).astype(np.uint8)
    flags[0] = 1
    has = [int(count) for count in flags.sum(axis=0)]
    # Every example by one over the examples that its rarest class has; without a class, as those of the commonest.
    rarest = [min((has[one], one) for one in np.flatnonzero(row)) if row.any() else (max(has), 3) for row in flags]
    weights = [Fraction(1, count) for count, _ in rarest]
    source, indices = _Numbered(flags, ("a", "b", "c")), np.arange(37)
    shares = class_balance.sampling_shares(source, indices)
    groups = {number: [place for place, (_, own) in enumerate(rarest) if own == number] for _, number in rarest}
    for number, members in groups.items():
        assert shares[number] == pytest.approx(float(sum(weights[place] for place in members) / sum(weights)))
    drawn = draw_by_class(indices, class_balance.rarest_class(source, indices), shares, (0, 0, seed)).tolist()
    assert len(drawn) == 37
    for number, members in groups.items():
        times = [drawn.count(place) for place in members]
        assert abs(sum(times) - 37 * shares[number]) < 1
        assert max(times) - min(times) <= 1


@pytest.mark.parametrize(("counts", "said"), [((41, 10), "imbalance: 80 %"), ((39, 10), ""), ((12, 9), "rare")])
def test_warnings_begin_where_the_readme_says(counts: tuple[int, int], said: str) -> None:
    # At 80 % of the examples, and below 10 of them.
    notes = list(class_balance.notes(_one(*counts), {"head": _phase()}))
    assert [note.partition(" ")[0].rstrip(":") for note in notes] == ([said.partition(":")[0]] if said else [])
    assert all(said in note for note in notes)


def test_warnings_name_rare_classes_and_a_majority() -> None:
    notes = list(class_balance.notes(_one(180, 12, 3), {"head": _phase(monitor="validation_accuracy")}))
    assert "fewer than 10 training examples of c 3" in notes[0]
    assert "92 % of 195 training examples are a" in notes[1]
    assert '"class_weights": "balanced"' in notes[1]
    assert '"monitor": "validation_macro_f1"' in notes[1]
    weighted = list(class_balance.notes(_one(180, 12), {"head": _phase(class_weights="balanced")}))
    assert "class_weights" not in weighted[0]
    assert not list(class_balance.notes(_one(30, 20), {"head": _phase()}))
    assert (
        "largest balanced class weight is 100"
        in list(class_balance.notes(_one(1990, 10), {"head": _phase(class_weights="balanced")}))[-1]
    )


@pytest.mark.parametrize("clip_norm", [None, 2.0])
def test_clipping_is_advised_where_there_is_none(clip_norm: float | None) -> None:
    phase = _phase(class_weights="balanced", clip_norm=clip_norm)
    advice = list(class_balance.notes(_one(1990, 10), {"head": phase}))[-1]
    assert ("clip_norm" in advice) == (clip_norm is None)
