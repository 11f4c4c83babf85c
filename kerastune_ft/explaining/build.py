"""The explainer of each modality."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.one_input import need_one_input
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT, facts
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.base import Explainer
from kerastune_ft.explaining.pictures import PictureExplainer, SoundExplainer
from kerastune_ft.explaining.scores import SCORES
from kerastune_ft.explaining.texts import TextExplainer
from kerastune_ft.training.session.session import Session

EXPLAINERS: Mapping[str, type[Explainer]] = {IMAGE: PictureExplainer, AUDIO: SoundExplainer, TEXT: TextExplainer}


def make_explainer(session: Session) -> Explainer:
    """Return what explains the answers of a session; raise ConfigError for tasks and models that have nothing to."""
    known = facts(session.config.task)
    if known.hides_words:
        raise ConfigError(
            f"explanations: {session.config.task.kind} finds many hidden words of a text, each an answer of its own; "
            "what is there are parts of texts that one answer follows from"
        )
    if known.learns_tokens:
        raise ConfigError(
            f"explanations: {session.config.task.kind} writes texts, each token of which is an answer of its own; what "
            "is there are parts of texts that one answer follows from"
        )
    if known.labels not in SCORES:
        raise ConfigError(
            f"explanations: the answers of {session.config.task.kind} are maps themselves; the report shows them"
        )
    need_one_input(session.config, "explanations", "the report shows the examples it is most wrong about")
    return EXPLAINERS[known.modality](session, SCORES[known.labels])
