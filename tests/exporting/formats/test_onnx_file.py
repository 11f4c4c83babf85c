from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from kerastune_ft.exporting.formats import onnx_file
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.base import Endpoint
from kerastune_ft.exporting.graphs.images import ImageGraphs
from tests.support.tiny_servings import classes_task, make_serving, photo

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


def test_models_have_documented_names_and_answer_as_the_run(tmp_path: Path) -> None:
    serving = make_serving(classes_task())
    described = onnx_file.write(ImageGraphs(serving), tmp_path, ExportOptions())
    assert [each["file"] for each in described] == ["any_size.onnx", "fitted.onnx"]
    assert described[0]["inputs"] == [{"name": "image", "dtype": "uint8", "shape": [None, None, None, 3]}]
    assert described[1]["outputs"] == [{"name": "probabilities", "dtype": "float32", "shape": [None, 3]}]
    session = onnxruntime.InferenceSession(tmp_path / "any_size.onnx")
    for size in ((19, 25), (3, 2), (6, 8)):
        images = np.stack([photo(*size, seed) for seed in range(3)])
        (found,) = session.run(["probabilities"], {"image": images})
        assert np.abs(found - np.asarray(serving.model()(images))).max() < 1e-3


def test_constants_that_layers_hold_are_no_inputs() -> None:
    held = tf.constant([1.0, 2.0])
    endpoint = Endpoint("sum", "", {"x": tf.TensorSpec([None, 2], tf.float32)}, lambda x: {"y": tf.square(x) - held})
    model = onnx_file.convert(endpoint)
    assert [each.name for each in model.graph.input] == ["x"]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert session.run(["y"], {"x": np.float32([[3, 3]])})[0].tolist() == [[8.0, 7.0]]


def test_exact_gelu_is_written_though_tf2onnx_lacks_its_operation() -> None:
    x = np.linspace(-8, 8, 101, dtype=np.float32)[np.newaxis]
    endpoint = Endpoint(
        "gelu",
        "",
        {"x": tf.TensorSpec([None, 101], tf.float32)},
        lambda x: {"y": keras.activations.gelu(x, approximate=False)},
    )
    model = onnx_file.convert(endpoint)
    (found,) = onnxruntime.InferenceSession(model.SerializeToString()).run(["y"], {"x": x})
    assert np.abs(found - x * scipy.stats.norm.cdf(x)).max() < 1e-6


def test_convolutions_of_groups_are_operations_of_the_model() -> None:
    images = keras.Input((8, 8, 4))
    net = keras.Model(images, keras.layers.Conv2D(4, 3, groups=4, padding="same")(images))
    specs = {"x": tf.TensorSpec([None, 8, 8, 4], tf.float32)}
    model = onnx_file.convert(Endpoint("net", "", specs, lambda x: {"y": net(x, training=False)}))
    assert {node.op_type for node in model.graph.node} <= {"Transpose", "Conv", "Add", "Reshape"}
    x = np.random.default_rng(0).random((2, 8, 8, 4)).astype(np.float32)
    (found,) = onnxruntime.InferenceSession(model.SerializeToString()).run(["y"], {"x": x})
    assert np.abs(found - np.asarray(net(x))).max() < 1e-5
