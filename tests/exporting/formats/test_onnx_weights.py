from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.exporting.formats.onnx_weights import share_weights

onnx = pytest.importorskip("onnx")


def model(weights: np.ndarray) -> object:
    tensor = onnx.numpy_helper.from_array(weights, "w")
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 32]) for name in "xy"]
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    return onnx.helper.make_model(onnx.helper.make_graph([node], "g", ends[:1], ends[1:], [tensor]))


def test_equal_weights_of_two_models_are_there_once_and_are_found(tmp_path: object) -> None:
    weights = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    models = {"a": model(weights), "b": model(weights), "c": model(weights + 1)}
    content = share_weights(models)
    assert len(content) == 2 * weights.nbytes
    (tmp_path / "weights.bin").write_bytes(content)  # type: ignore[operator]
    for name, wanted in {"a": weights, "b": weights, "c": weights + 1}.items():
        path = tmp_path / f"{name}.onnx"  # type: ignore[operator]
        path.write_bytes(models[name].SerializeToString())  # type: ignore[attr-defined]
        assert path.stat().st_size < 1000
        opened = onnx.load(str(path))
        assert np.array_equal(onnx.numpy_helper.to_array(opened.graph.initializer[0]), wanted)


def test_small_arrays_stay_where_they_are() -> None:
    small = model(np.zeros((2, 2), np.float32))
    assert share_weights({"a": small}) == b""
