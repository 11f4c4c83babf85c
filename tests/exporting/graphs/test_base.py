from __future__ import annotations

import tensorflow as tf

from kerastune_ft.exporting.graphs.base import Endpoint


def test_an_endpoint_is_traced_with_the_names_of_its_inputs() -> None:
    specs = {"left": tf.TensorSpec([None], tf.float32), "right": tf.TensorSpec([None], tf.float32)}
    endpoint = Endpoint("difference", "", specs, lambda left, right: {"difference": left - right})
    function = endpoint.trace()
    assert [spec.name for spec in function.input_signature] == ["left", "right"]
    assert function(tf.constant([3.0]), tf.constant([1.0]))["difference"].numpy().tolist() == [2.0]
