"""Whisper and Moonshine as one graph from samples, and the tokens written so far, to hidden states of the next ones.

What the preset's audio converter computes is put in front, as for encoders of sounds, and the graph is made for sounds
of one length. Whisper's authors always fed thirty seconds, silence included: with weights of theirs another length has
to be tuned before the model ends its transcripts there. Moonshine does not look at the silence after a sound.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import keras_hub

from kerastune_ft.backbones.hub import audio
from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.backbones.hub.moonshine_layers import FrameMask, RotaryAngles
from kerastune_ft.backbones.inputs import SoundLengths
from kerastune_ft.backbones.language.generator import pair_variables
from kerastune_ft.backbones.language.vocabulary import Vocabulary
from kerastune_ft.backbones.speech.speech_input import SOUND, SpeechInput
from kerastune_ft.backbones.speech.speech_tokens import byte_speech_tokens, find_speech_tokens
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS
from kerastune_ft.graph.units import Unit, units_by_name

_OUTPUT = "decoder_sequence_output"
_BLOCK = re.compile(r"(?:transformer_)?(encoder|decoder)_(?:layer|block)_(\d+)")
# The normalisation after the last block of a stack.
_END = re.compile(r"(encoder|decoder)_(?:layer|final_layer|post)_norm$")
_EMBEDDINGS = re.compile(r".*embed|.*_passed$|conv\d|group_norm|(encoder|decoder)_dropout$")


def open_transcriber(body: keras.Model, converter: Any) -> tuple[int, int | None, SoundLengths]:
    """Return the sample rate of a backbone, the samples its weights are made for, and the lengths it can be built for.

    `converter` is the preset's, or None for the usual one. A model maps {sound: [batch, samples], token_ids,
    padding_mask: [batch, length]} to hidden states [batch, length, width]. The samples are None where they may be any.
    Raises ConfigError for a converter that makes something else of sounds than the usual one.
    """
    audio.require_usual(body, converter)
    sounds = audio.audio_encoder(body, None)

    def build(samples: int) -> tuple[keras.Model, tuple[Unit, ...]]:
        model = _build(body, samples, sounds.inputs)
        return model, _find_units(model)

    return sounds.sample_rate, sounds.own, SoundLengths(sounds.fewest, sounds.most, build)


def load_tokenizer(body: keras.Model, load: Callable[[Any], Any]) -> Any:
    """Return the tokenizer of a backbone's preset; `load` returns a part by its class, None without a preset."""
    task = TRANSCRIPTS[type(body).__name__].task
    if not task:
        return load(keras_hub.tokenizers.Tokenizer)
    backbone: Any = type(body)
    return load(_belong_to(backbone, getattr(keras_hub.models, task).preprocessor_cls.tokenizer_cls))


@functools.cache
def _belong_to(backbone: Any, kind: Any) -> Any:
    """Return a class of tokenizers that belongs to a class of backbones.

    keras-hub 0.32 takes Moonshine's for one of Llama, and finds none in a preset of Moonshine.
    """
    return kind if kind.backbone_cls is backbone else type(kind.__name__, (kind,), {"backbone_cls": backbone})


def make_input(body: keras.Model, tokenizer: Any, own: int | None) -> SpeechInput:
    """Return what a backbone takes: with the tokenizer of a preset sounds of `own` samples, without one bytes."""
    known = TRANSCRIPTS[type(body).__name__]
    longest = getattr(body, known.positions)
    if tokenizer is None:
        tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
        tokens = byte_speech_tokens(known.tokens)
        return SpeechInput(tokenizer=tokenizer, tokens=tokens, maximum_length=longest)
    tokens = find_speech_tokens(tokenizer, known.tokens, body.vocabulary_size)
    return SpeechInput(tokenizer=tokenizer, tokens=tokens, maximum_length=longest, own_samples=own)


def vocabulary(body: keras.Model) -> Vocabulary:
    """Return the vocabulary of a backbone: the embeddings of its tokens."""
    return Vocabulary(body.token_embedding)


def match_variables(body: keras.Model, model: keras.Model) -> tuple[tuple[keras.Variable, str], ...]:
    """Return each variable of a backbone that `model` has too, with its path there.

    Frequencies of rotary angles never train, and are numbers in the graph.
    """
    constant = {id(variable) for layer in _rotary_layers(body).values() for variable in layer.variables}
    return pair_variables(body, model, {}, constant)


def _build(body: keras.Model, samples: int, make_inputs: Callable[[Any], dict[str, Any]]) -> keras.Model:
    sound = keras.Input((samples,), name=SOUND, dtype="float32")
    tokens = {name: keras.Input((None,), dtype="int32", name=name) for name in (TOKEN_IDS, PADDING_MASK)}
    # Through a layer of their own: in a model made of a part of this graph Keras would lose its inputs.
    given = {
        f"decoder_{name}": keras.layers.Identity(dtype="int32", name=f"{name}_passed")(tensor)
        for name, tensor in tokens.items()
    }
    whole = keras.Model(body.input, body.output[_OUTPUT])
    hidden = replay(whole, {**given, **make_inputs(sound)}, passes_embeddings=True, calls=_calls(body))
    return keras.Model({SOUND: sound, **tokens}, hidden, name=body.name)


def _rotary_layers(body: keras.Model) -> dict[str, Any]:
    """Return the layers of a backbone that give rotary angles, by the side that they are for."""
    found = {side: getattr(body, f"{side}_rotary_embedding", None) for side in ("encoder", "decoder")}
    return {side: layer for side, layer in found.items() if layer is not None}


def _calls(body: keras.Model) -> Mapping[str, Callable[..., Any]]:
    """Return what to call for layers that compute something for all blocks which no cut could store."""
    rotary = _rotary_layers(body)

    def encode(block: Any, call: Any, hidden: Any, angles: None, **options: Any) -> Any:
        return block(hidden, RotaryAngles.of_block(block, rotary["encoder"])(hidden), **options)

    def decode(block: Any, call: Any, decoder_sequence: Any, **options: Any) -> Any:
        angles = RotaryAngles.of_block(block, rotary["decoder"])(decoder_sequence)
        return block(decoder_sequence=decoder_sequence, **{**options, "rotary_embedding": angles})

    def mask(layer: Any, call: Any, frames: Any, heard: Any) -> Any:
        return FrameMask(frames.shape[1], name="frames_heard")(heard)

    def leave_out(layer: Any, call: Any, given: Any) -> None:
        return None

    return MappingProxyType(
        {
            "Arange": leave_out,
            "MoonshineRotaryEmbedding": leave_out,
            "ComputeAttentionMask": mask,
            "MoonshineEncoderBlock": encode,
            "MoonshineDecoderBlock": decode,
        }
    )


def _find_units(model: keras.Model) -> tuple[Unit, ...]:
    """Return the embeddings of sounds and tokens, the blocks of the encoder, and those of the decoder."""
    blocks = [match for layer in model.layers if (match := _BLOCK.match(layer.name))]
    last = {side: max(int(match[2]) for match in blocks if match[1] == side) for side in ("encoder", "decoder")}

    def unit_of(name: str) -> str | None:
        if block := _BLOCK.match(name):
            return f"{block[1]}_layer{block[2]}"
        if end := _END.match(name):
            return f"{end[1]}_layer{last[end[1]]}"
        return "embeddings" if _EMBEDDINGS.match(name) else None

    return units_by_name(model, unit_of)
