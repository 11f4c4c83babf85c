"""Texts: hashes of what they say, copies by MinHash, and texts that say hardly anything."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from kerastune_ft.inspection.contents.base import SMALL, Contents, Copies, Copy, Fault, Progress
from kerastune_ft.inspection.contents.shingles import ALIKE, find_alike, normalise_text
from kerastune_ft.inspection.neighbours import Neighbours
from kerastune_ft.training.session.session import Session

# Letters of what is hardly a text where most have many more.
_FEW, _MANY = 3, 12
_BETWEEN = " \N{SYMBOL FOR UNIT SEPARATOR} "


class Texts(Contents):
    """Texts, or pairs of them, without differences of case, punctuation and blanks."""

    measure = "share of runs of four letters in common"
    seconds_to_read, seconds_to_compare, bytes_kept = 1e-5, 1e-4, 4096

    def __init__(self, texts: list[tuple[str, ...]]) -> None:
        """`texts` are the texts of every example."""
        self._texts = [_BETWEEN.join(map(normalise_text, each)) for each in texts]
        self.hashes = [hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() for text in self._texts]
        lengths = np.array([len(text) for text in self._texts])
        usual = float(np.median(lengths))
        self.faults = [
            Fault(int(position), SMALL, f"{lengths[position]} letters, where most have {usual:.0f} or so")
            for position in np.flatnonzero(lengths < _FEW)
            if usual >= _MANY
        ]

    @classmethod
    def read(cls, session: Session, indices: np.ndarray, progress: Progress) -> Texts:
        """Return the texts of a session, see `Contents`."""
        source: Any = session.source
        return cls([tuple(source.texts[index]) for index in indices.tolist()])

    def find_copies(self, neighbours: Neighbours | None, strata: np.ndarray, progress: Progress) -> Copies:
        """Return the near copies: candidates by bands of MinHash signatures, decided by the texts themselves."""
        pairs = [Copy(*each) for each in find_alike(self._texts)]
        return Copies(tuple(pairs), ALIKE, len(pairs))
