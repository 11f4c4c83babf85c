from __future__ import annotations

import keras
import pytest

from kerastune_ft.graph import costs, keras_private
from kerastune_ft.graph.lengths import PairLength, choose_length, find_targets, longest_length, total_length
from kerastune_ft.graph.partition import partition, row_sizes, split_prefix


@pytest.fixture
def model() -> keras.Model:
    """A text that is read [source, 4], looked at by each token of the one that is written [target, 4]."""
    read = keras.Input((None, 4), name="encoder_read")
    written = keras.Input((None, 4), name="decoder_written")
    encoded = keras.layers.Dense(4, name="encoder")(read)
    first = keras.layers.Attention(name="cross")([keras.layers.Dense(4, name="lower")(written), encoded])
    second = keras.layers.Attention(name="again")([keras.layers.Dense(4, name="upper")(first), encoded])
    return keras.Model({"encoder_read": read, "decoder_written": written}, keras.layers.Dense(4, name="last")(second))


def names(model: keras.Model) -> set[str]:
    targets = find_targets(model)
    nodes = keras_private.nodes_in_order(model)
    return {node.operation.name for node in nodes if node.inputs and id(node.outputs[0]) in targets}


def test_what_depends_on_the_written_text_has_its_length(model: keras.Model) -> None:
    assert names(model) == {"lower", "cross", "upper", "again", "last"}


def test_parts_of_a_model_know_their_lengths_by_themselves(model: keras.Model) -> None:
    whole = partition(model, ["last/kernel"])
    base = partition(model, ["upper/kernel", "upper/bias"])
    assert names(whole.tail) >= {"last"}
    assert names(base.tail) >= {"upper", "again", "last"}
    assert "encoder" not in names(base.tail)
    low, high = split_prefix(partition(model, ["last/kernel"]), base)
    assert names(low.model) >= {"lower", "cross"}
    assert names(high.model) >= {"upper", "again"}


def test_rows_of_a_cut_are_counted_with_the_length_of_each_tensor(model: keras.Model) -> None:
    cut = partition(model, ["upper/kernel", "upper/bias"])
    sizes = dict(zip(cut.cut_names, row_sizes(cut.cut, find_targets(model), PairLength(10, 3)), strict=True))
    assert sizes == {"cross": 3 * 4 * 4, "encoder": 10 * 4 * 4}


def test_operations_are_counted_at_the_length_of_their_output(model: keras.Model) -> None:
    # The kernel of the encoder at each of the 10 tokens, the other three at each of the 3; each is 4 x 4.
    assert costs.forward_flops(model, PairLength(10, 3)) == 2 * 16 * (10 + 3 * 3)
    assert costs.forward_flops(model, 10.0) == 2 * 16 * 40


def test_lengths_of_one_text_and_of_two() -> None:
    pair = PairLength(10, 3)
    assert [choose_length(pair, False), choose_length(pair, True), choose_length(7.0, True)] == [10, 3, 7.0]
    assert [total_length(pair), total_length(5)] == [13, 5]
    assert longest_length([PairLength(8, 9), PairLength(16, 2)]) == (16, 9)
    assert [longest_length([8, 16]), longest_length([])] == [16.0, 1.0]
