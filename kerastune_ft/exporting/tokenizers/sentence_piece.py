"""SentencePiece, whose model keras-hub keeps as it is: the same file, and how its ids become those of keras-hub."""

from __future__ import annotations

from typing import Any

from sentencepiece import SentencePieceProcessor

from kerastune_ft.exporting.tokenizers.base import FOLDER, PortableTokenizer

_FILE = f"{FOLDER}/sentencepiece.model"
# XLM-RoBERTa puts special tokens before those of the model, which has the unknown one first.
_SHIFTED = "XLMRobertaTokenizer"
_UNKNOWN = 0


def make_portable(tokenizer: Any) -> PortableTokenizer:
    """Return the tokenizer as the file of its model."""
    opened = SentencePieceProcessor(model_proto=tokenizer.proto, add_bos=tokenizer.add_bos, add_eos=tokenizer.add_eos)
    is_shifted = any(each.__name__ == _SHIFTED for each in type(tokenizer).__mro__)
    shift, replaced = (1, {_UNKNOWN: int(tokenizer.unk_token_id)}) if is_shifted else (0, {})
    about = {
        "library": "sentencepiece",
        "file": _FILE,
        "add_bos": bool(tokenizer.add_bos),
        "add_eos": bool(tokenizer.add_eos),
        # By id of the model, as text since JSON has no other keys; all others are moved up.
        "ids": {str(own): wanted for own, wanted in replaced.items()},
        "shift": shift,
    }
    return PortableTokenizer(
        about,
        lambda text: [replaced.get(own, own + shift) for own in opened.encode(text)],
        {_FILE: tokenizer.proto},
    )
