from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kerastune_ft.graph.randomness import example_keys, uniform
from kerastune_ft.input.mixing import Mix, Mixing, Partners, mix_images, mix_values, paste

MANY = 20_000
KEYS = example_keys("3/1", 2, tf.range(MANY, dtype=tf.int64))
PARTNERS = Partners(np.array([4, 7, 9, 30], np.int64))
SIZE = (12, 20)


def _draw(mixup: float = 0.0, cutmix: float = 0.0, keys: tf.Tensor = KEYS) -> Mix:
    return Mixing(mixup, cutmix, PARTNERS).draw(keys, SIZE)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_are_those_of_a_beta_distribution(alpha: float) -> None:
    mix = _draw(mixup=alpha)
    assert mix.blend is mix.share and mix.pasted is None
    at = np.linspace(0.005, 0.995, 100)
    below = (mix.share.numpy() <= at[:, np.newaxis]).mean(axis=1)
    assert np.abs(below - stats.beta(alpha, alpha).cdf(at)).max() < 0.015
    # Both shares of a mixture are exact, so that a batch counts as many examples as it has.
    assert np.array_equal(mix.share + (1 - mix.share), np.ones(MANY, np.float32))
    assert float(tf.reduce_sum(mix.share[:4000]) + tf.reduce_sum(1 - mix.share[:4000])) == 4000


def test_a_rectangle_is_that_of_the_paper_and_its_share_what_is_left_of_the_image() -> None:
    mix = _draw(cutmix=1.0)
    assert mix.blend is None and mix.pasted is not None
    assert mix.pasted.is_drawn.numpy().all()
    edges = np.stack([mix.pasted.top, mix.pasted.left, mix.pasted.bottom, mix.pasted.right], axis=-1)
    assert (
        np.array_equal(edges, np.round(edges)) and edges.min() == 0 and edges.max(axis=0).tolist() == [11, 19, 12, 20]
    )
    for (top, left, bottom, right), share in zip(edges[:200].astype(int).tolist(), mix.share.numpy(), strict=False):
        image = np.ones(SIZE)
        image[top:bottom, left:right] = 0
        assert share == pytest.approx(image.mean(), abs=1e-6)
    # Lambda is even here, so the area before the border cuts is 1 - lambda; the centre is any pixel.
    whole = edges[(edges[:, 0] > 0) & (edges[:, 2] < 12) & (edges[:, 1] > 0) & (edges[:, 3] < 20)]
    ratio = (whole[:, 2] - whole[:, 0]) / 12 - (whole[:, 3] - whole[:, 1]) / 20
    assert np.abs(ratio).max() < 2 / 12
    corner = 1 - mix.share.numpy()[edges[:, 0] == 0]
    assert corner.mean() == pytest.approx(_mean_area_by_loop(edges), rel=1e-6)


def _mean_area_by_loop(edges: np.ndarray) -> float:
    at_top = [edge for edge in edges.tolist() if edge[0] == 0]
    return sum((bottom - top) * (right - left) for top, left, bottom, right in at_top) / 240 / len(at_top)


def test_of_both_ways_each_example_gets_one() -> None:
    mix = _draw(mixup=0.5, cutmix=1.0)
    assert mix.pasted is not None and mix.blend is not None
    is_cut = mix.pasted.is_drawn.numpy()
    assert np.array_equal(is_cut, uniform(KEYS, "mixing/way").numpy() < 0.5)
    assert 0.48 < is_cut.mean() < 0.52
    assert (mix.blend.numpy()[is_cut] == 1).all()
    assert np.array_equal(mix.share[~is_cut], mix.blend[~is_cut])
    # Each is drawn as it is where it stands alone.
    assert np.array_equal(mix.share[is_cut], _draw(cutmix=1.0).share[is_cut])
    assert np.array_equal(mix.share[~is_cut], _draw(mixup=0.5).share[~is_cut])


def test_draws_are_those_of_the_key_whatever_else_is_in_the_batch() -> None:
    some = tf.gather(KEYS, [5, 17, 3])
    alone, among = _draw(0.3, 1.0, some), _draw(0.3, 1.0)
    for part, whole in zip(tf.nest.flatten(vars(alone)), tf.nest.flatten(vars(among)), strict=True):
        if tf.is_tensor(part):
            assert np.array_equal(part, tf.gather(whole, [5, 17, 3]))
    assert np.array_equal(PARTNERS.draw(some), tf.gather(PARTNERS.draw(KEYS), [5, 17, 3]))


def test_partners_are_all_examples_and_come_as_often_as_they_should() -> None:
    found, counts = np.unique(PARTNERS.draw(KEYS), return_counts=True)
    assert found.tolist() == [4, 7, 9, 30]
    assert stats.chisquare(counts).pvalue > 0.001
    chances = np.array([0.5, 0.0, 0.2, 0.3])
    found, counts = np.unique(Partners(PARTNERS.indices, chances).draw(KEYS), return_counts=True)
    assert found.tolist() == [4, 9, 30]
    assert stats.chisquare(counts, MANY * chances[chances > 0]).pvalue > 0.001


def test_of_very_many_partners_none_is_out_of_reach() -> None:
    """More examples than a draw of 24 bits can name."""
    many = Partners(np.arange(1 << 25, dtype=np.int64))
    assert {int(index) % 2 for index in many.draw(KEYS[:200])} == {0, 1}


def test_who_is_drawn_is_hashed_by_content_and_chance() -> None:
    contents = [f"{number:064x}" for number in range(40)]
    hashes = {
        Partners(PARTNERS.indices).hash(contents),
        Partners(PARTNERS.indices[::-1].copy()).hash(contents),
        Partners(PARTNERS.indices[:3]).hash(contents),
        Partners(PARTNERS.indices, np.array([0.1, 0.2, 0.3, 0.4])).hash(contents),
        Partners(PARTNERS.indices, np.array([0.4, 0.2, 0.3, 0.1])).hash(contents),
    }
    assert len(hashes) == 5
    moved = Partners(np.array([1, 2, 3, 0], np.int64)).hash([contents[index] for index in (30, 4, 7, 9)])
    assert moved == PARTNERS.hash(contents)


def test_images_are_blended_or_pasted_pixel_by_pixel() -> None:
    random, count = np.random.default_rng(0), 8
    own, others = random.uniform(0, 255, (2, count, *SIZE, 3)).astype(np.float32)
    mix = _draw(0.5, 1.0, KEYS[:count])
    assert mix.pasted is not None and mix.blend is not None
    expected = own.copy()
    for number in range(count):
        share = float(mix.blend[number])
        expected[number] = share * own[number] + (1 - share) * others[number]
        if mix.pasted.is_drawn[number]:
            rows = slice(int(mix.pasted.top[number]), int(mix.pasted.bottom[number]))
            columns = slice(int(mix.pasted.left[number]), int(mix.pasted.right[number]))
            expected[number, rows, columns] = others[number, rows, columns]
    assert {bool(each) for each in mix.pasted.is_drawn} == {True, False}
    np.testing.assert_allclose(mix_images(tf.constant(own), tf.constant(others), mix), expected, atol=1e-4)
    masks = (own[..., 0].astype(np.uint8), others[..., 0].astype(np.uint8))
    pasted = paste(tf.constant(masks[0]), tf.constant(masks[1]), mix)
    assert pasted.dtype == tf.uint8
    is_pasted = (expected == others).all(axis=-1)
    assert np.array_equal(pasted, np.where(is_pasted, masks[1], masks[0]))


def test_values_of_any_rank_are_mixed() -> None:
    share = tf.constant([0.25, 1.0])
    assert mix_values(tf.constant([8, 8]), tf.constant([0, 0]), share).numpy().tolist() == [2, 8]
    assert mix_values(tf.ones([2, 3]), -tf.ones([2, 3]), share).numpy().tolist() == [[-0.5] * 3, [1] * 3]
