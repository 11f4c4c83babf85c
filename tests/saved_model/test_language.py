"""The saved form of a language model: keras-hub's own, with the weights of the session."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.hub import language
from kerastune_ft.backbones.language.generator import Generator, pair_variables
from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.config.facts.chat_templates import TEMPLATES
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.config.options.language.templates import ChatTemplate
from kerastune_ft.data.dialogues.turns import make_pair
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.graph.naming import name_by_layer
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.language.template import Template
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.language import LanguageServing
from kerastune_ft.tasks.writing import Writing
from tests.support.small_writers import make_llama

DIALOGUES = [make_pair("what?", "go"), make_pair("so", "a longer answer than that")]


class _Source:
    """Dialogues by index, as a source of data has them."""

    def read_dialogue(self, index: int) -> Any:
        return DIALOGUES[index]


@pytest.fixture(scope="module")
def serving() -> LanguageServing:
    body = make_llama(tied=False, vocabulary=256)
    model, vocabulary = language.decoder(body)
    name_by_layer(model)
    whole = keras.Model(model.input, vocabulary.apply(model.output), name="told")
    for variable in whole.variables:
        variable.assign(variable.numpy() * 1.5)
    generator = Generator(body, pair_variables(body, model, language.name_copies(body, model)))
    task = Writing(CausalLm(kind="causal_lm"), LabelScheme("text", ()), generator)
    given = LanguageInput(
        keras_hub.tokenizers.ByteTokenizer(), ("token_ids", "padding_mask"), (2,), (), (3,), 0, 64, 64
    )
    template = Template("plain", ChatTemplate.model_validate(dict(TEMPLATES["plain"].texts)), True, "")
    settings = DialogueSettings(given, template, False, 64, (32, 64))
    return LanguageServing(whole, task, ServingSettings("told", "tokens"), settings)


def test_it_is_keras_hubs_own_model_with_the_trained_weights(serving: LanguageServing) -> None:
    made = serving.model()
    assert type(made).__name__ == "Llama3CausalLM"
    inputs, _ = serving.samples(_Source(), [0])[0]
    np.testing.assert_allclose(made(inputs).numpy(), serving.trained(inputs).numpy(), rtol=1e-5, atol=1e-5)


def test_its_losses_are_those_of_the_task(serving: LanguageServing) -> None:
    samples = serving.samples(_Source(), [0, 1])
    assert [inputs["token_ids"].shape for inputs, _ in samples] == [(1, 32), (1, 64)]
    found = serving.call(serving.model(), samples)
    task = serving.task.attach(serving.trained, [])
    for (inputs, targets), (loss, tokens) in zip(samples, found, strict=True):
        measured = task.measure(targets, task.trim(serving.trained)(inputs))
        assert loss == pytest.approx(float(measured["loss"][0]), rel=1e-5)
        assert tokens == float(measured["tokens"][0]) > 0
    # The answer's bytes, and the end of the text.
    assert found[:, 1].tolist() == [len(b" go") + 1, len(b" a longer answer than that") + 1]


def test_what_others_need_to_know_is_written(serving: LanguageServing) -> None:
    written = serving.preprocessing()
    assert written["template"]["texts"]["assistant"] == "Assistant: "
    assert (written["start"], written["end"], written["sequence_length"]) == ([2], [3], 64)
    assert written["tokenizer"] == {"class": "ByteTokenizer", "folder": None, "open_with": "keras_hub"}
    assert serving.files() == {}
