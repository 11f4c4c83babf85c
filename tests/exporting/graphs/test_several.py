from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.exporting.graphs.several import number_words
from kerastune_ft.input.texts.tokenise import tokenise_texts
from tests.support.small_tokenizers import make_byte_pairs, make_word_pieces
from tests.support.tiny_servings import encode, photo
from tests.support.tiny_several import make_several_graphs


def test_raw_and_prepared_inputs_are_answered_as_by_the_saved_model() -> None:
    pytest.importorskip("tensorflow_text")
    graphs = make_several_graphs(make_word_pieces())
    image = photo(19, 25)
    rows = graphs.serving.parts["text"].rows  # type: ignore[attr-defined]
    tokens = rows.pack([tokenise_texts(rows.text.tokenizer, ["the film"])]).pad(np.array([0]), 8)
    prepared = {"image": image[np.newaxis], **tokens, "numbers": np.float32([[math.nan, 3.0]]), "words": [[0, 2]]}
    given = {name: tf.constant(value) for name, value in prepared.items()}
    wanted = np.asarray(graphs.serving.model()({**given, "image": tf.cast(given["image"], tf.float32)}))
    (portable,) = graphs.portable()
    assert {name: spec.dtype for name, spec in portable.inputs.items()} == {k: v.dtype for k, v in given.items()}
    assert np.abs(portable.call(**given)["probabilities"] - wanted).max() < 1e-3
    files, whole = graphs.raw()
    raw = {
        "image_bytes": tf.constant([encode(Image.fromarray(image))]),
        "text": tf.constant([" the film "]),
        "numbers": given["numbers"],
        "words": tf.constant([["Z", " r"]]),
    }
    assert [(name, spec.dtype) for name, spec in files.inputs.items()] == [(k, v.dtype) for k, v in raw.items()]
    for found in (files.trace()(*raw.values()), whole.call(**given)):
        assert np.abs(found["probabilities"] - wanted).max() < 1e-6
        assert found["label"].numpy() == [found["classes"].numpy()[0, wanted[0].argmax()]]


def test_words_have_the_numbers_of_their_categories() -> None:
    graphs = make_several_graphs(make_byte_pairs())
    encoding = graphs.serving.encoding
    assert encoding is not None
    words = [["A", "r"], ["B", "l"], ["", "up"], ["C", ""]]
    columns = zip(encoding.words, zip(*words, strict=True), strict=True)
    wanted = np.stack([each.number(list(own)) for each, own in columns], axis=1)
    assert np.array_equal(number_words(encoding, tf.constant(words)), wanted)
    about = graphs.preprocessing("raw")
    assert "keeps every word" in about["no_strings"] and not about["example"]["are_strings"]
    assert about["example"]["words"] == {"ward": ["A", "B"], "arm": ["l", "r"]}
    assert about["example"]["images"] == {"image": "photos/{id}.png"}
