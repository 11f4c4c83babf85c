"""Whisper of keras-hub as one graph from samples, and the tokens written so far, to hidden states of the next ones.

What the preset's audio converter computes is put in front, as for encoders of sounds, and the graph is made for sounds
of one length. Its authors always fed thirty seconds, silence included: with weights of theirs another length has to be
tuned before the model ends its transcripts there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_hub

from kerastune_ft.backbones.hub import audio
from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.backbones.inputs import SoundLengths
from kerastune_ft.backbones.language.vocabulary import Vocabulary
from kerastune_ft.backbones.speech.speech_input import SOUND, SpeechInput
from kerastune_ft.backbones.speech.speech_tokens import byte_speech_tokens, find_speech_tokens
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.graph.units import Unit, units_by_name

_OUTPUT = "decoder_sequence_output"
_BLOCK = "transformer_{}_layer_"


def open_transcriber(body: keras.Model, converter: Any) -> tuple[int, int, SoundLengths]:
    """Return the sample rate of a Whisper, the samples its positions are for, and the lengths it can be built for.

    `converter` is the preset's, or None for the usual one. A model maps {sound: [batch, samples], token_ids,
    padding_mask: [batch, length]} to hidden states [batch, length, width].
    """
    sounds = audio.audio_encoder(body, converter)

    def build(samples: int) -> tuple[keras.Model, tuple[Unit, ...]]:
        model = _build(body, samples, sounds.front)
        return model, _find_units(body, model)

    return sounds.sample_rate, sounds.most, SoundLengths(sounds.fewest, sounds.most, build)


def make_input(body: keras.Model, tokenizer: Any, own: int) -> SpeechInput:
    """Return what a Whisper takes: with the tokenizer of a preset sounds of `own` samples, without one bytes."""
    longest = body.max_decoder_sequence_length
    if tokenizer is None:
        tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
        return SpeechInput(tokenizer=tokenizer, tokens=byte_speech_tokens(), maximum_length=longest)
    tokens = find_speech_tokens(tokenizer)
    return SpeechInput(tokenizer=tokenizer, tokens=tokens, maximum_length=longest, own_samples=own)


def vocabulary(body: keras.Model) -> Vocabulary:
    """Return the vocabulary of a Whisper: the embeddings of its tokens."""
    return Vocabulary(body.token_embedding)


def _build(body: keras.Model, samples: int, front: Callable[[Any], Any]) -> keras.Model:
    sound = keras.Input((samples,), name=SOUND, dtype="float32")
    tokens = {name: keras.Input((None,), dtype="int32", name=name) for name in (TOKEN_IDS, PADDING_MASK)}
    # Through a layer of their own: in a model made of a part of this graph Keras would lose its inputs.
    given = {
        f"decoder_{name}": keras.layers.Identity(dtype="int32", name=f"{name}_passed")(tensor)
        for name, tensor in tokens.items()
    }
    whole = keras.Model(body.input, body.output[_OUTPUT])
    hidden = replay(whole, {**given, "encoder_features": front(sound)}, passes_embeddings=True)
    return keras.Model({SOUND: sound, **tokens}, hidden, name=body.name)


def _find_units(body: keras.Model, model: keras.Model) -> tuple[Unit, ...]:
    """Return the embeddings of sounds and tokens, the blocks of the encoder, and those of the decoder."""
    last = body.num_layers - 1

    def unit_of(name: str) -> str | None:
        for side in ("encoder", "decoder"):
            block = _BLOCK.format(side)
            if name.startswith(block):
                return f"{side}_layer{name.removeprefix(block)}"
            if name == f"{side}_layer_norm":
                return f"{side}_layer{last}"
        return "embeddings" if "embed" in name or name.endswith("_passed") else None

    return units_by_name(model, unit_of)
