"""The contract of an explainer: which parts of an input an answer rests on, and what erasing them takes away."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.explaining.deletion import choose_hottest, draw_random
from kerastune_ft.explaining.scores import Score
from kerastune_ft.training.evaluation.pictures import MediaFile
from kerastune_ft.training.session.session import Session


@dataclass(frozen=True)
class Explained:
    """An example with what its answer rests on."""

    index: int
    chosen: int
    """The output that is explained."""
    measured: float
    """What erasing is measured by, of the whole example."""
    hot: float
    """What erasing the hottest fifth takes of it."""
    random: float
    """What erasing a fifth at random takes of it, in the mean of the draws."""
    heat: np.ndarray
    """How much each cell counts, float."""
    about: dict[str, Any] = field(default_factory=dict)
    """What else the page says: tokens, and by how much they miss the whole."""


class Explainer(ABC):
    """Explains the answers of one session, an example at a time."""

    method: ClassVar[str]
    """How heat is found, in a sentence."""
    erased: ClassVar[str]
    """What takes the place of what is erased."""

    def __init__(self, session: Session, score: Score) -> None:
        """Raise ConfigError where the model has nothing that can be explained so."""
        self.session, self.score = session, score

    def explain(self, index: int) -> Explained:
        """Return what the answer to an example of the source rests on."""
        (inputs,) = self.session.loader.inputs(np.array([index], np.int64), 1)
        chosen = self.score.choose(self.answer(inputs))
        heat, allowed, about = self.find_heat(inputs, chosen)
        address = (self.session.config.seed, int(self.session.source.identities[index]))
        erased = np.concatenate([choose_hottest(heat, allowed)[None], draw_random(allowed, address)])
        whole = float(self.score.measure(self.answer(inputs)[None], chosen)[0])
        left = self.score.measure(self.erase_and_answer(inputs, erased), chosen)
        return Explained(index, chosen, whole, whole - float(left[0]), whole - float(left[1:].mean()), heat, about)

    @abstractmethod
    def answer(self, inputs: Any) -> np.ndarray:
        """Return the raw outputs of an example, given as a batch of one: [outputs]."""

    @abstractmethod
    def find_heat(self, inputs: Any, chosen: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Return the heat of the cells of an example, which of them may be erased, and what else there is to say."""

    @abstractmethod
    def erase_and_answer(self, inputs: Any, erased: np.ndarray) -> np.ndarray:
        """Return the raw outputs with cells erased, [ways, outputs]; `erased` are flags [ways, cells ...]."""

    @abstractmethod
    def draw(self, explained: Explained) -> list[MediaFile]:
        """Return what shows the heat: pictures with it over them, or nothing where `about` says it all."""
