"""What a result depends on beside data, weights and configuration: the structure of the backbone and its tokenizer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.training.features.store_key import structure_hash
from kerastune_ft.training.session.session import Session

STRUCTURE, TOKENIZER, VOCABULARY, HEAD = "structure", "tokenizer", "vocabulary", "kept_head"
MEANINGS: Mapping[str, str] = {
    STRUCTURE: "the layers of the backbone, their options or its preprocessing",
    TOKENIZER: "the tokenizer",
    VOCABULARY: "the vocabulary of the tokenizer",
    HEAD: "the head that is kept from an earlier run",
}
"""By part, the words for it in messages."""
OF_VERSIONS: Mapping[str, Sequence[str]] = {STRUCTURE: ("keras", "keras-hub"), TOKENIZER: ("keras-hub",)}
"""The parts whose hash also follows from how these packages write them down, so that other versions give another."""


def hash_parts(session: Session) -> dict[str, str]:
    """Return the SHA-256 of each part of a session, by name."""
    found = {STRUCTURE: structure_hash(session.backbone.model), **session.loader.part_hashes()}
    if session.backbone.kept_head:
        digest = hashlib.sha256()
        for layer, weights in sorted(session.backbone.kept_head.items()):
            digest.update(layer.encode())
            for values in weights:
                digest.update(values.tobytes())
        found[HEAD] = digest.hexdigest()
    return found


def shape_of_inputs(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what plan.json says of how an example becomes an input, by the words for it in messages.

    Runs of all versions have it.
    """
    found: dict[str, Any] = {"the preprocessing of the backbone": (plan.get("backbone") or {}).get("preprocessing")}
    if text := plan.get("text"):
        rows = text["rows"]
        found["the length of a row of tokens"] = text["sequence_length"]
        found["the lengths that rows are padded to"] = list(text["lengths"])
        if windows := text.get("windows"):
            found["the numbers of windows that texts are padded to"] = [*windows["numbers"], windows["most"]]
        found["the special tokens of a row"] = {
            name: rows[name] for name in ("names", "start", "separator", "end", "pad")
        }
    if sound := plan.get("sound"):
        found["the rate and length of sounds"] = sound
    for phase in plan.get("phases") or ():
        if noise := (phase.get("augment") or {}).get("noise_sha256"):
            found[f"the noise of phase {phase['name']}"] = noise
    return found
