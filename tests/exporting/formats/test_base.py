from __future__ import annotations

import importlib.util

import pytest
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats.base import FORMATS, ExportOptions, describe_tensors, load_format


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match='"onnx"'):
        load_format("onx")
    with pytest.raises(ConfigError, match='TFLite is "litert" here'):
        load_format("TFLite")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_the_contract(name: str) -> None:
    module = load_format(name)
    assert module.RUNTIME and 0 < module.TOLERANCE <= 5e-3 and callable(module.write)


@pytest.mark.parametrize("most", [-1.0, float("nan"), float("inf")])
def test_points_that_nothing_can_be_measured_by_are_refused(most: float) -> None:
    with pytest.raises(ConfigError, match="--max-loss"):
        ExportOptions(max_loss=most)


def test_options_without_effect_are_refused() -> None:
    with pytest.raises(ConfigError, match="--max-loss has no effect without --quantize"):
        ExportOptions(max_loss=1.0)
    with pytest.raises(ConfigError, match="--samples has no effect with --quantize"):
        ExportOptions(samples=100, quantize="float16")


def test_one_example_at_least_is_compared() -> None:
    with pytest.raises(ConfigError, match="--samples"):
        ExportOptions(samples=0)


def test_a_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name))
    with pytest.raises(ConfigError, match=r"needs tf2onnx, which is not installed: .*kerastune_ft\[export\]"):
        load_format("onnx")


def test_a_dimension_of_any_size_is_null() -> None:
    assert describe_tensors({"image": tf.TensorSpec([None, 4], tf.uint8)}) == [
        {"name": "image", "dtype": "uint8", "shape": [None, 4]}
    ]
