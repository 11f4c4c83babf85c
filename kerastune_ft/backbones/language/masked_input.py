"""The input of a backbone that finds hidden words."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.task_facts import MASKED
from kerastune_ft.errors import ConfigError

# Of a tokenizer whose tokens are bytes: the control character that stands for one that is lost (SUB).
_BYTE_MASK = 26
_BYTES = 256
MASK_NAME = "[MASK]"
"""What stands for a hidden word in texts to fill in, whatever a tokenizer calls its mask token."""
_SPECIAL = ("start", "end", "pad", "mask", "unk")


@dataclass(frozen=True)
class MaskedInput(TextInput):
    """The tokenizer of a model of texts, of which tokens are hidden behind the mask token; rows are as elsewhere."""

    modality: ClassVar[str] = MASKED
    augmentation_modality: ClassVar[str] = MASKED

    @classmethod
    def of(cls, given: TextInput) -> MaskedInput:
        """Return the input of the same rows, of which tokens are hidden."""
        return cls(**{field.name: getattr(given, field.name) for field in dataclasses.fields(given)})

    @property
    def mask(self) -> int:
        """Return the mask token; raise ConfigError where the tokenizer has none."""
        found = getattr(self.tokenizer, "mask_token_id", None)
        if found is not None:
            return int(found)
        if not hasattr(self.tokenizer, "save_assets"):
            return _BYTE_MASK
        raise ConfigError(
            f"backbone: its tokenizer ({type(self.tokenizer).__name__}) has no mask token, which hidden words stand "
            "behind; write another preset"
        )

    def list_special(self) -> np.ndarray:
        """Return the tokens that are no words, which are neither hidden nor stand in for others; int32, ascending."""
        found: set[Any] = {*self.start, *self.separator, *self.end, self.pad, self.mask}
        found |= {getattr(self.tokenizer, f"{name}_token_id", None) for name in _SPECIAL}
        found |= set(getattr(self.tokenizer, "special_token_ids", None) or ())
        return np.array(sorted(int(token) for token in found if token is not None), np.int32)

    def list_words(self) -> np.ndarray:
        """Return the tokens that may stand in for others: all but special ones; int32, ascending."""
        size = self.tokenizer.vocabulary_size() if hasattr(self.tokenizer, "save_assets") else _BYTES
        return np.setdiff1d(np.arange(size, dtype=np.int32), self.list_special())


def read_masking(given: MaskedInput) -> dict[str, Any]:
    """Return what a saved model is used with: the mask token, by number and by name."""
    name = getattr(given.tokenizer, "mask_token", None)
    return {"mask": given.mask, "mask_name": name if isinstance(name, str) else chr(given.mask)}
