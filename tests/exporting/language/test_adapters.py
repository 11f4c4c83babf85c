"""The file of what training changed: applied to what the run began with, it gives what the run ended with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save

from kerastune_ft.exporting.language import apply_adapters
from kerastune_ft.exporting.language.adapters import FILE, SCRIPT, write_adapters
from kerastune_ft.rundir import RunDirectory

FACTORS = ("low/lora_a", "low/lora_b")
PLAN: dict[str, Any] = {
    "phases": [{"index": 0, "name": "top"}, {"index": 1, "name": "adapt"}],
    "adapters": [{"kernel": "low/kernel", "variables": list(FACTORS), "rank": 2, "alpha": 4.0}],
}


@pytest.fixture
def body() -> keras.Model:
    given = keras.Input((3,))
    return keras.Model(given, keras.layers.Dense(2, name="low")(given))


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    shapes = {FACTORS[0]: (3, 2), FACTORS[1]: (2, 2), "low/bias": (2,)}
    return {name: draw.normal(size=shape).astype("float32") for name, shape in shapes.items()}


def _commit(folder: Path, tensors: dict[str, np.ndarray]) -> RunDirectory:
    run = RunDirectory(folder / "run")
    run.commit("phases/01-adapt/best.safetensors", save(tensors))
    return run


def test_they_are_those_of_the_last_phase_and_applied_by_the_script(
    body: keras.Model, tensors: dict[str, np.ndarray], tmp_path: Path
) -> None:
    about = write_adapters(_commit(tmp_path, tensors), PLAN, body, tmp_path)
    assert about == {
        "adapters": [{"kernel": "low/kernel", "a": FACTORS[0], "b": FACTORS[1], "rank": 2, "alpha": 4.0}],
        "replaced": {"low/bias": "low/bias"},
    }
    assert load_file(tmp_path / FILE).keys() == tensors.keys()
    assert (tmp_path / SCRIPT).read_bytes() == Path(str(apply_adapters.__file__)).read_bytes()
    kernel = body.get_layer("low").kernel.numpy()
    apply_adapters.apply(body, str(tmp_path / FILE))
    np.testing.assert_allclose(
        body.get_layer("low").kernel.numpy(), kernel + 2 * tensors[FACTORS[0]] @ tensors[FACTORS[1]], rtol=1e-6
    )
    np.testing.assert_array_equal(body.get_layer("low").bias.numpy(), tensors["low/bias"])


@pytest.mark.parametrize(
    ("plan", "more", "dropped"),
    [
        ({**PLAN, "adapters": []}, (), ""),
        ({**PLAN, "phases": PLAN["phases"][:1]}, (), ""),
        (PLAN, ("vocabulary/kernel",), ""),
        (PLAN, (), FACTORS[1]),
    ],
    ids=["no adapters", "no weights of the last phase", "a matrix that the backbone lacks", "a factor is missing"],
)
def test_nothing_is_written_where_it_would_not_be_the_model(
    plan: Any, more: tuple[str, ...], dropped: str, body: keras.Model, tensors: dict[str, np.ndarray], tmp_path: Path
) -> None:
    tensors |= dict.fromkeys(more, np.zeros(1, "float32"))
    tensors.pop(dropped, None)
    out = tmp_path / "out"
    out.mkdir()
    assert write_adapters(_commit(tmp_path, tensors), plan, body, out) is None
    assert list(out.iterdir()) == []
