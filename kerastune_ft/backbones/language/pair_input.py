"""The input of a backbone that writes a text for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.task_facts import PAIR

ENCODER_TOKENS, ENCODER_MASK = "encoder_token_ids", "encoder_padding_mask"
DECODER_TOKENS, DECODER_MASK = "decoder_token_ids", "decoder_padding_mask"
PAIR_NAMES = (ENCODER_TOKENS, ENCODER_MASK, DECODER_TOKENS, DECODER_MASK)
"""The names of the inputs, int32 [batch, length] each; both lengths may differ."""


@dataclass(frozen=True)
class PairInput(TextInput):
    """The tokenizer of an encoder-decoder model and the special tokens of its two rows, right-padded.

    The encoder reads `start`, tokens, `end`. The decoder reads `decoder_start` and the tokens of the answer, and learns
    that of every token the next one follows: after `decoder_start` the answer's first, after its last `decoder_end`.
    Where these stand is what keras-hub's own preprocessor of the family does.
    """

    decoder_start: tuple[int, ...] = ()
    decoder_end: tuple[int, ...] = ()
    modality: ClassVar[str] = PAIR
    augmentation_modality: ClassVar[str] = PAIR

    def to_json(self) -> dict[str, Any]:
        """Return all but the tokenizer as a JSON object."""
        return {
            **super().to_json(),
            "decoder_start": list(self.decoder_start),
            "decoder_end": list(self.decoder_end),
        }
