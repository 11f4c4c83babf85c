from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from kerastune_ft.exporting.formats.onnx_smaller import WAYS, make_smaller


def make_model(operation: str = "MatMul", largest: float = 1.0) -> onnx.ModelProto:
    """Return a model of one operation with a large weight, and a small one added."""
    weights = np.random.default_rng(0).normal(0, 0.1, (64, 64)).astype(np.float32)
    weights[0, 0] = largest
    kernel = weights if operation == "MatMul" else weights[:, :, np.newaxis]
    nodes = [helper.make_node(operation, ["x", "w"], ["y"]), helper.make_node("Add", ["y", "b"], ["z"])]
    bias = np.ones(64 if operation == "MatMul" else (1, 64, 1), np.float32)
    shape = [None, 64] if operation == "MatMul" else [None, 64, 5]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(kernel, "w"), numpy_helper.from_array(bias, "b")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def call(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    (found,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    return found


@pytest.mark.parametrize(("how", "tolerance"), [("float16", 1e-3), ("dynamic", 3e-2)])
def test_smaller_weights_answer_nearly_the_same(how: str, tolerance: float) -> None:
    model, x = make_model(), np.random.default_rng(1).normal(size=(3, 64)).astype(np.float32)
    made = make_smaller(model, how)
    assert made.ByteSize() < 0.6 * model.ByteSize()
    assert np.abs(call(made, x) - call(model, x)).max() < tolerance
    # The small weight is what it was.
    assert [each.data_type for each in made.graph.initializer if each.name == "b"] == [TensorProto.FLOAT]


def test_halves_are_the_nearest_there_are() -> None:
    model, x = make_model(), np.eye(64, dtype=np.float32)
    weights = numpy_helper.to_array(model.graph.initializer[0])
    assert np.array_equal(call(make_smaller(model, "float16"), x), weights.astype(np.float16).astype(np.float32) + 1)


def test_what_would_overflow_stays_and_is_refused_where_nothing_else_is_there() -> None:
    with pytest.raises(ConfigError, match="float16 makes nothing smaller"):
        make_smaller(make_model(largest=1e6), "float16")


def test_convolutions_are_not_made_whole_numbers() -> None:
    with pytest.raises(ConfigError, match="dynamic makes nothing smaller in this model as ONNX"):
        make_smaller(make_model("Conv"), "dynamic")
    assert set(WAYS) == {"float16", "dynamic"}
