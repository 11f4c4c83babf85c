"""Static facts about the backbones of keras-hub that write down sounds, by their class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Transcripts:
    """What a class that writes down sounds takes and writes."""

    positions: str
    """The attribute with the most tokens of a transcript."""
    tokens: Literal["whisper", "ends"]
    """Its special tokens: those of Whisper's tokenizer, or `ends`, where a transcript has a start and an end alone."""
    converter: str
    """keras-hub's class that makes of samples what the class takes."""
    inside: str
    """What is computed of samples before the class takes them, in words."""
    task: str = ""
    """keras-hub's class that writes down sounds with it; empty where it has none."""


TRANSCRIPTS: Mapping[str, Transcripts] = MappingProxyType(
    {
        "MoonshineBackbone": Transcripts(
            "max_position_embeddings",
            "ends",
            "MoonshineAudioConverter",
            "a mask of the samples up to the last one that is not zero",
            "MoonshineAudioToText",
        ),
        "WhisperBackbone": Transcripts(
            "max_decoder_sequence_length",
            "whisper",
            "WhisperAudioConverter",
            "log-mel spectrogram",
        ),
    }
)
"""One for each class of `hub_families` that writes down sounds."""
