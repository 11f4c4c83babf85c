from __future__ import annotations

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import kerastune_ft.backbones
from kerastune_ft.backbones.keras_applications import applications
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.errors import ConfigError

WEIGHTS = Path(kerastune_ft.backbones.__file__).parent / "weights" / "mobilenet_v2_035_embedded.safetensors"


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, weights=None, include_top=False)


def test_every_variable_has_its_value_and_nothing_is_left_over(backbone: keras.Model) -> None:
    with safe_open(WEIGHTS, "numpy") as file:
        stored = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    assert stored == {variable.path: tuple(variable.shape) for variable in backbone.variables}


def test_size_and_provenance() -> None:
    assert WEIGHTS.stat().st_size <= 2_000_000
    with safe_open(WEIGHTS, "numpy") as file:
        metadata = file.metadata()
    assert "no real image" in metadata["provenance"]
    assert {"seed", "versions", "recipe_sha256", "images_sha256", "license", "epochs"} <= set(metadata)


def test_card_names_the_file_that_ships() -> None:
    card = WEIGHTS.with_suffix(".md").read_text("utf-8")
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() in card


# That the file is the one whose figures its card has is above, by its hash.
@pytest.mark.slow
def test_linear_probe_on_real_digits(backbone: keras.Model) -> None:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    from kerastune_ft.data.embedded import digits

    with safe_open(WEIGHTS, "numpy") as file:
        for variable in backbone.variables:
            variable.assign(file.get_tensor(variable.path))
    indices = np.random.default_rng(0).permutation(digits.EXAMPLES)[:600]
    labels = np.array([digits.label(index) for index in indices])
    images = np.stack([digits.image(index) for index in indices]).astype(np.float32) / 127.5 - 1
    # Not standardised: that would let random filters pass too (see the card).
    features = np.asarray(backbone(keras.ops.pad(images, [(0, 0), (16, 16), (16, 16), (0, 0)], constant_values=-1)))
    pooled = features.mean(axis=(1, 2))
    with threadpool_limits(1):  # spinning threads make this a hundred times slower on a busy machine
        probe = LogisticRegression(max_iter=1000, tol=0.01).fit(pooled[:300], labels[:300])
    assert probe.score(pooled[300:], labels[300:]) >= 0.75


def test_weights_of_another_width_name_the_option(tmp_path: Path) -> None:
    narrow = Applications(kind="applications", name="MobileNet", weights=None, options={"alpha": 0.25}, image_size=32)
    model = applications.build(narrow).model
    values = {variable.path: np.asarray(variable) for variable in model.variables}
    save_file(values, tmp_path / "narrow.safetensors")
    wide = narrow.model_copy(update={"weights": str(tmp_path / "narrow.safetensors"), "options": {}})
    with pytest.raises(ConfigError, match=r'^backbone.options: .*write "options": \{"alpha": 0.25\} in backbone'):
        applications.build(wide)
    right = wide.model_copy(update={"options": {"alpha": 0.25}})
    assert not applications.build(right).transfer.missing
    # A file that fits no width keeps the message of its shapes.
    save_file({name: value[..., :1] for name, value in values.items()}, tmp_path / "narrow.safetensors")
    with pytest.raises(ConfigError, match="is it another architecture"):
        applications.build(wide)
