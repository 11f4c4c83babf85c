from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from kerastune_ft.scaffolding.suggest.wanted_backbone import read_backbone
from kerastune_ft.scaffolding.suggest.weights_width import find_alpha

# Channels of a layer near the end, as keras.applications builds the models.
PW_13 = {0.25: 256, 0.5: 512, 0.75: 768, 1.0: 1024}
PROJECT_16 = {0.35: 112, 0.5: 160, 0.75: 240, 1.0: 320, 1.3: 416, 1.4: 448}
CASES = [
    *(("MobileNet", "conv_pw_13", alpha, count) for alpha, count in PW_13.items()),
    *(("MobileNetV2", "block_16_project", alpha, count) for alpha, count in PROJECT_16.items()),
]


def write(path: Path, layer: str, count: int) -> Path:
    kernel = np.zeros((1, 1, 4, count), np.float32)
    if path.suffix == ".safetensors":
        save_file({f"{layer}/kernel": kernel, f"{layer}_bn/gamma": kernel[0, 0, 0]}, path)
        return path
    with h5py.File(path, "w") as file:
        file[f"{layer}/{layer}/kernel:0"] = kernel
        file[f"{layer}_bn/{layer}_bn/gamma:0"] = kernel[0, 0, 0]
    return path


@pytest.mark.parametrize(("name", "layer", "alpha", "count"), CASES)
@pytest.mark.parametrize("ending", [".h5", ".safetensors"])
def test_the_width_is_that_of_the_shapes(
    tmp_path: Path, name: str, layer: str, alpha: float, count: int, ending: str
) -> None:
    assert find_alpha(name, write(tmp_path / f"w{ending}", layer, count)) == alpha


def test_what_does_not_tell_is_left_open(tmp_path: Path) -> None:
    file = write(tmp_path / "w.h5", "conv_pw_13", 256)
    assert find_alpha("ResNet50", file) is None and find_alpha("MobileNetV2", file) is None
    assert find_alpha("MobileNet", write(tmp_path / "odd.h5", "conv_pw_13", 333)) is None
    assert find_alpha("MobileNet", tmp_path / "none.h5") is None
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    assert find_alpha("MobileNet", tmp_path / "no.safetensors") is None


def test_a_backbone_with_narrow_weights_gets_the_option(tmp_path: Path) -> None:
    narrow, usual = (write(tmp_path / f"{count}.h5", "conv_pw_13", count) for count in (256, 1024))
    found = read_backbone("MobileNet", str(narrow), str)
    assert found is not None and found["options"] == {"alpha": 0.25} and "// options" in found
    assert "options" not in (read_backbone("MobileNet", str(usual), str) or {})
