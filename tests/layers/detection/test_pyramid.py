from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.layers.detection.pyramid import feature_pyramid, normalise


def build(size: tuple[int, int], strides: tuple[int, ...], levels: tuple[int, ...]) -> keras.Model:
    keras.utils.clear_session()
    inputs = {
        f"stride{stride}": keras.Input((*(-(-side // stride) for side in size), 3), name=f"stride{stride}")
        for stride in strides
    }
    return keras.Model(inputs, {str(stride): x for stride, x in feature_pyramid(inputs, levels, 8, 0).items()})


def test_levels_have_the_sizes_of_the_backbone_whatever_they_are() -> None:
    """A side of 75 pixels has 19, 10, 5 and 3 cells: none is twice the next."""
    found = build((75, 101), (4, 8, 16, 32), (4, 8, 16, 32, 64)).output
    assert {name: tuple(x.shape[1:]) for name, x in found.items()} == {
        "4": (19, 26, 8), "8": (10, 13, 8), "16": (5, 7, 8), "32": (3, 4, 8), "64": (2, 2, 8),
    }  # fmt: skip


def test_fine_levels_see_what_coarse_ones_see_and_not_the_other_way() -> None:
    model = build((64, 64), (8, 16, 32), (8, 16, 32))
    features = {one.name: np.zeros((1, *one.shape[1:]), "f") for one in model.inputs}
    plain = model(features)
    random = np.random.default_rng(0)

    def changed(name: str) -> set[str]:
        noise = np.asarray(random.normal(size=features[name].shape), np.float32)
        found = model({**features, name: noise})
        return {level for level in plain if np.abs(np.asarray(found[level]) - plain[level]).max() > 1e-3}

    assert changed("stride32") == {"8", "16", "32"}
    assert changed("stride16") == {"8", "16"}
    assert changed("stride8") == {"8"}


@pytest.mark.parametrize(("channels", "groups"), [(64, 4), (8, 1), (40, 2), (56, 2), (51, 3)])
def test_groups_divide_the_channels(channels: int, groups: int) -> None:
    x = keras.Input((4, 4, channels))
    layer = keras.Model(x, normalise(x, "head_normalization")).layers[-1]
    assert layer.groups == groups and channels % groups == 0
