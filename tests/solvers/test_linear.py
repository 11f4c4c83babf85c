from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

from kerastune_ft.solvers import linear
from kerastune_ft.solvers.linear import Iterate, fit_linear
from kerastune_ft.solvers.losses import SigmoidLoss, SoftmaxLoss, SquaredLoss

ROWS, WIDTH, CLASSES = 240, 7, 3


def draw_features(seed: int = 0) -> np.ndarray:
    """Correlated features of very unequal sizes, far from 0: what needs a preconditioner."""
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(ROWS, WIDTH)) @ random.normal(size=(WIDTH, WIDTH))
    return (mixed * np.geomspace(0.01, 30, WIDTH) + 5).astype(np.float32)


def draw_classes(features: np.ndarray, classes: int) -> np.ndarray:
    random = np.random.default_rng(1)
    standard = (features - features.mean(0)) / features.std(0)
    noisy = standard @ random.normal(size=(WIDTH, classes)) + random.gumbel(size=(ROWS, classes))
    return noisy.argmax(axis=1)


def objective(features: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    outputs = features.astype(np.float64) @ kernel + bias
    odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("weights", [None, (3.0, 1.0, 0.2)])
def test_softmax_is_scikit_learns_logistic_regression(c: float, weights: tuple[float, ...] | None) -> None:
    features = draw_features()
    targets = draw_classes(features, CLASSES)
    found = fit_linear(features, targets, SoftmaxLoss(CLASSES, class_weights=weights), 1 / (c * ROWS))
    by_class = None if weights is None else dict(enumerate(weights))
    known = LogisticRegression(C=c, class_weight=by_class, solver="newton-cg", max_iter=10000, tol=1e-9).fit(
        features.astype(np.float64), targets
    )
    factors = np.ones(ROWS) if weights is None else np.asarray(weights)[targets]
    losses = [
        log_loss(targets, shares, sample_weight=factors) * factors.mean()
        for shares in (objective(features, found.head.kernel, found.head.bias),
                       objective(features, known.coef_.T, known.intercept_))
    ]  # fmt: skip
    assert found.is_converged
    assert losses[0] == pytest.approx(found.head.loss, abs=1e-9)
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert found.head.penalty == pytest.approx((known.coef_**2).sum() / (2 * c * ROWS), rel=1e-3)
    assert found.head.kernel == pytest.approx(known.coef_.T, abs=2e-3)


def test_of_two_classes_scikit_learn_keeps_one_row_so_that_its_c_is_doubled() -> None:
    features = draw_features()
    targets = draw_classes(features, 2)
    found = fit_linear(features, targets, SoftmaxLoss(2), 0.02).head
    known = LogisticRegression(C=2 / (0.02 * ROWS), max_iter=10000, tol=1e-9, solver="newton-cg").fit(
        features.astype(np.float64), targets
    )
    assert found.kernel[:, 1] - found.kernel[:, 0] == pytest.approx(known.coef_[0], abs=1e-3)
    assert found.loss == pytest.approx(log_loss(targets, known.predict_proba(features.astype(np.float64))), abs=1e-6)


def test_several_labels_are_a_regression_of_each_class() -> None:
    features = draw_features()
    chosen = draw_classes(features, CLASSES)
    targets = np.stack([chosen == 0, chosen != 1, features[:, 0] > np.median(features[:, 0])], axis=1).astype(
        np.float32
    )
    weights, l2 = (2.0, 1.0, 0.5), 0.01
    found = fit_linear(features, targets, SigmoidLoss(CLASSES, class_weights=weights), l2).head
    for number, weight in enumerate(weights):
        known = LogisticRegression(
            C=1 / (l2 * ROWS * CLASSES), class_weight={0: 1.0, 1: weight}, max_iter=10000, tol=1e-9, solver="newton-cg"
        ).fit(features.astype(np.float64), targets[:, number])
        assert found.kernel[:, number] == pytest.approx(known.coef_[0], abs=1e-3)
        assert found.bias[number] == pytest.approx(known.intercept_[0], abs=1e-2)


@pytest.mark.parametrize("l2", [1e-6, 0.1])
def test_squares_are_scikit_learns_ridge(l2: float) -> None:
    features = draw_features()
    targets = np.stack([features[:, 0] - 5, np.sin(features[:, 1])], axis=1)
    found = fit_linear(features, targets, SquaredLoss(2), l2, tolerance=1e-10)
    known = Ridge(alpha=l2 * ROWS * 2 / 2).fit(features.astype(np.float64), targets)
    assert found.head.kernel == pytest.approx(known.coef_.T, abs=1e-5)
    assert found.head.bias == pytest.approx(known.intercept_, abs=1e-4)
    # The preconditioner is the Hessian itself here.
    assert found.head.iteration <= 4


def test_the_same_arrays_give_the_same_bits_and_blocks_the_same_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = draw_features()
    targets = draw_classes(features, CLASSES)
    first, again = (fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01).head for _ in range(2))
    assert (first.kernel.tobytes(), first.bias.tobytes()) == (again.kernel.tobytes(), again.bias.tobytes())
    np.save(tmp_path / "features.npy", features)
    monkeypatch.setattr(linear, "_WHOLE_BYTES", 0)
    monkeypatch.setattr(linear, "_BLOCK_BYTES", 37 * 8 * WIDTH)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    assert fit_linear(mapped, targets, SoftmaxLoss(CLASSES), 0.01).head.kernel == pytest.approx(first.kernel, abs=1e-6)


def test_scaling_without_the_covariance_has_the_same_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    features = draw_features()
    targets = draw_classes(features, CLASSES)
    first = fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01).head
    monkeypatch.setattr(linear, "_MOST_WHITENED", 0)
    scaled = fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01).head
    assert scaled.loss + scaled.penalty == pytest.approx(first.loss + first.penalty, abs=1e-7)


def test_every_iteration_is_reported_and_what_is_raised_ends_the_fit() -> None:
    features = draw_features()
    targets = draw_classes(features, CLASSES)
    seen: list[Iterate] = []
    found = fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01, iterations=3, report=seen.append)
    assert ([each.iteration for each in seen], found.is_converged) == ([1, 2, 3], False)
    assert found.head.kernel.tobytes() == seen[-1].kernel.tobytes()
    totals = [each.loss + each.penalty for each in seen]
    assert totals == sorted(totals, reverse=True) and totals[0] < np.log(CLASSES)

    def stop(iterate: Iterate) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01, report=stop)


def test_more_features_than_examples_and_dependent_ones_are_no_trouble() -> None:
    random = np.random.default_rng(2)
    features = np.repeat(random.normal(size=(20, 30)), 2, axis=1).astype(np.float32)
    features[:, 5] = 0
    targets = random.integers(0, 2, 20)
    found = fit_linear(features, targets, SoftmaxLoss(2), 1e-4)
    known = LogisticRegression(C=2 / (1e-4 * 20), max_iter=10000, tol=1e-9).fit(features, targets)
    assert found.is_converged
    assert found.head.loss == pytest.approx(log_loss(targets, known.predict_proba(features)), abs=1e-3)
    assert found.head.kernel[4:6].tolist() == [[0, 0], [0, 0]] or abs(found.head.kernel[5]).max() < 1e-9


@pytest.mark.parametrize(("value", "l2", "message"), [(np.nan, 0.1, "not finite"), (0.0, 0.0, "above 0")])
def test_what_cannot_be_solved_is_refused(value: float, l2: float, message: str) -> None:
    features = draw_features()
    features[3, 2] += value
    with pytest.raises(ValueError, match=message):
        fit_linear(features, np.zeros(ROWS, np.int64), SoftmaxLoss(2), l2)


@pytest.mark.parametrize("size", [1e8, 1e12, 1e20])
def test_a_feature_of_huge_values_takes_no_digits_from_the_others(size: float) -> None:
    random = np.random.default_rng(3)
    features = random.normal(size=(ROWS, WIDTH)).astype(np.float32)
    targets = draw_classes(features, CLASSES)
    # Without the penalty on the first, which at such sizes it is, what it is measured in changes nothing.
    known = fit_linear(features * np.array([1e3] + [1] * (WIDTH - 1)), targets, SoftmaxLoss(CLASSES), 0.01).head
    features[:, 0] *= size
    found = fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01, tolerance=1e-5)
    assert found.is_converged
    assert found.head.loss + found.head.penalty == pytest.approx(known.loss + known.penalty, abs=1e-5)


def test_it_begins_where_it_is_told_unless_zero_is_better() -> None:
    features = draw_features()
    targets = draw_classes(features, CLASSES)
    whole = fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01)
    again = fit_linear(
        features, targets, SoftmaxLoss(CLASSES), 0.01, start=(whole.head.kernel, whole.head.bias), iterations=1
    )
    assert again.head.iteration <= 1 < whole.head.iteration
    assert again.head.kernel == pytest.approx(whole.head.kernel, abs=1e-6)
    assert again.head.bias == pytest.approx(whole.head.bias, abs=1e-5)
    bad = (np.full((WIDTH, CLASSES), 50.0), np.array([1e3, 0, 0]))
    from_bad, from_zero = (
        fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01, start=start, iterations=2) for start in (bad, None)
    )
    assert from_bad.head.kernel.tobytes() == from_zero.head.kernel.tobytes()


def test_start_is_the_same_point_where_only_variances_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    features = draw_features()
    targets = draw_classes(features, CLASSES)
    whole = fit_linear(features, targets, SoftmaxLoss(CLASSES), 0.01).head
    monkeypatch.setattr(linear, "_MOST_WHITENED", 0)
    again = fit_linear(
        features, targets, SoftmaxLoss(CLASSES), 0.01, start=(whole.kernel, whole.bias), iterations=1
    ).head
    assert again.loss + again.penalty == pytest.approx(whole.loss + whole.penalty, abs=1e-9)
