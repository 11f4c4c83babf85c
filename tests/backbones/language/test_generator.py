"""keras-hub's own model writes with the weights that training has changed."""

from __future__ import annotations

import keras
import numpy as np

from kerastune_ft.backbones.hub import language
from kerastune_ft.backbones.language.generator import Generator, make_task, pair_variables, task_class
from kerastune_ft.graph.naming import name_by_layer
from tests.support.small_writers import make_llama


def _make(tied: bool) -> tuple[keras.Model, Generator]:
    body = make_llama(tied)
    model, vocabulary = language.decoder(body)
    name_by_layer(model)
    whole = keras.Model(model.input, vocabulary.apply(model.output))
    return whole, Generator(body, pair_variables(body, model, language.name_copies(body, model)))


def test_variables_that_both_share_are_not_copied() -> None:
    whole, generator = _make(tied=True)
    known = {variable.path: variable for variable in whole.variables}
    assert all(known[path] is own for own, path in generator.pairs)
    assert generator.take(known) is generator.body


def test_a_matrix_that_was_split_off_is_taken_back() -> None:
    whole, generator = _make(tied=False)
    known = {variable.path: variable for variable in whole.variables}
    changed = {path: known[path] for own, path in generator.pairs if known[path] is not own}
    assert set(changed) == {"token_embedding/embeddings", "vocabulary/kernel"}
    for number, variable in enumerate(changed.values(), start=2):
        variable.assign(np.full(variable.shape, number, np.float32))
    body = generator.take(known)
    assert (body.token_embedding.embeddings.numpy() == 2).all()
    assert (body.token_embedding.reverse_embeddings.numpy() == 3).all()


def test_the_class_that_writes_is_found_by_the_name_of_the_body() -> None:
    body = make_llama(tied=True)
    assert task_class(body).__name__ == "Llama3CausalLM"
    task = make_task(body, tokenizer=None, sequence_length=16)
    assert task.preprocessor is None
    # Some classes of keras-hub forget it, and a model that is opened again would have other variables.
    assert task.get_config()["backbone"]["config"]["tie_word_embeddings"] is True
