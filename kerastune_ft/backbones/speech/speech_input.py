"""The input of a backbone that writes down speech: sounds, and the tokens of their transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kerastune_ft.backbones.inputs import SoundInput
from kerastune_ft.backbones.speech.speech_tokens import SpeechTokens
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.config.options.task_facts import AUDIO, SPEECH

SOUND = "sound"
"""The name of the input of samples."""
NAMES = (SOUND, TOKEN_IDS, PADDING_MASK)
"""The names of the inputs, float32 [batch, samples] and int32 [batch, length] twice."""


@dataclass(frozen=True)
class SpeechInput(SoundInput):
    """Samples of sounds of one channel, and the tokens that were written of each of them so far."""

    tokenizer: Any = None
    """Called with a list of strings, eagerly, it gives a row of token ids for each."""
    tokens: SpeechTokens | None = None
    """The special tokens of its transcripts."""
    maximum_length: int = 0
    """The longest row of tokens that the model has positions for, the prompt included."""
    own_samples: int | None = None
    """The length of sounds that the weights were made for; None for random weights."""
    unwritten: tuple[int, ...] | None = None
    """Tokens that an earlier run, whose model it is, found are never to be written; None before."""
    modality: ClassVar[str] = SPEECH
    augmentation_modality: ClassVar[str] = AUDIO

    def choose_samples(self, usual: int) -> int:
        """Return the length that the weights were made for; without one the length next to `usual` that there is."""
        if self.samples is None and self.own_samples is not None:
            return self.own_samples
        return super().choose_samples(usual)


def read_speech_input(plan: Mapping[str, Any], tokenizer: Any) -> SpeechInput:
    """Return what the model of a run takes, from its plan.json."""
    entry, sound = plan["speech"], plan["sound"]
    known = {key: _freeze(value) for key, value in entry["tokens"].items()}
    return SpeechInput(
        sound["sample_rate"],
        tokenizer=tokenizer,
        tokens=SpeechTokens(**known),
        maximum_length=entry["maximum_length"],
        own_samples=sound["samples"],
        unwritten=tuple(entry["unwritten"]),
    )


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value
