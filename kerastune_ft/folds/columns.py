"""Numbers and words in a cross-validation: every member encodes them by its own training examples, in one layout.

So all members are one model with one store of features, and none is told anything of the examples it is measured on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.several import COLUMNS
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.training.session.session import Session


def encode_columns(session: Session, train: np.ndarray) -> ColumnEncoding | None:
    """Return how a member encodes numbers and words, by its training examples; None where examples have neither."""
    if session.config.data.inputs is None or not session.config.data.inputs.has_columns:
        return None
    loader, source = _of_several(session)
    encoding: ColumnEncoding = loader.encoding
    return encoding.refit(source.cells, train)


def with_columns(session: Session, encoding: ColumnEncoding | None) -> Session:
    """Return a session whose numbers and words are encoded so; itself for None."""
    if encoding is None:
        return session
    loader, _ = _of_several(session)
    own = loader.with_columns(encoding)
    return replace(session, loader=own, backbone=replace(session.backbone, input=own.given), sizes={})


def join_columns(session: Session, members: Sequence[ColumnEncoding | None]) -> ColumnEncoding | None:
    """Return the encoding of the ensemble of members with these; None where they have none."""
    own = tuple(each for each in members if each is not None)
    return replace(_of_several(session)[0].encoding, members=own) if own else None


def divide_inputs(inputs: Any, encoding: ColumnEncoding | None, places: Sequence[str]) -> tuple[Any, Mapping[str, Any]]:
    """Return the symbolic inputs of an ensemble, and by place those of each member, made of them.

    `inputs` are those of one member; the ensemble has the vectors of all members one behind the other.
    """
    if encoding is None:
        return inputs, dict.fromkeys(places, inputs)
    whole = keras.Input((encoding.width,), name=COLUMNS, dtype="float32")
    ends = np.cumsum([member.width for member in encoding.members]).tolist()
    slices = {
        place: whole[:, end - member.width : end]
        for place, member, end in zip(places, encoding.members, ends, strict=True)
    }
    return {**inputs, COLUMNS: whole}, {place: {**inputs, COLUMNS: own} for place, own in slices.items()}


def _of_several(session: Session) -> tuple[Any, Any]:
    """Return the loader and the source of a session whose examples have several inputs."""
    return session.loader, session.source
