"""The ensemble of a cross-validation: the mean answer of all members, as one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.folds.columns import divide_inputs, with_columns
from kerastune_ft.folds.member import Member
from kerastune_ft.graph import lora
from kerastune_ft.graph.rebuild.members import MemberGraph
from kerastune_ft.training.session.assemble import in_float32
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.session.whole import with_model

Values = Mapping[str, np.ndarray]


def build_ensemble(
    session: Session, origins: Sequence[Values], members: Sequence[Member], columns: ColumnEncoding | None = None
) -> tuple[Session, dict[str, dict[str, str]]]:
    """Return a session around the ensemble, in float32, and by member the SHA-256 of kernels that hold adapters now.

    `session` is that of any member; `origins` has by the number of a seed the values that all variables began with
    under it. What no member changed, and no seed draws, is in the model once. `columns` is how the ensemble encodes
    numbers and words, where examples have some.
    """
    exact = in_float32(session)
    adapters = [adapter.kernel.path for adapter in lora.adapters([exact.model])]
    weights = [member.read_weights() for member in members]
    changed = {path for values in weights for path in values} | _find_differences(origins) | set(adapters)
    with exact.devices.strategy.scope():
        graph = MemberGraph(exact.model, changed)
        inputs, given = divide_inputs(graph.inputs, columns, [member.fold.place for member in members])
        outputs, merged = [], {}
        for member, values in zip(members, weights, strict=True):
            exact.assign({**origins[member.fold.turn], **values})
            if found := lora.merge(exact.model):
                merged[member.fold.place] = found
            outputs.append(graph.add(member.fold.place, given[member.fold.place]))
        model = keras.Model(inputs, session.task.join(outputs), name=session.config.name.replace(".", "_"))
    return with_columns(with_model(exact, model), columns), merged


def _find_differences(origins: Sequence[Values]) -> set[str]:
    """Return the paths of the variables that begin with other values under another seed."""
    first, *others = origins
    return {path for path, value in first.items() if any(not np.array_equal(value, each[path]) for each in others)}


def describe_ensemble(session: Session, members: Sequence[Member], replica_batch: int) -> dict[str, Any]:
    """Return what plan.json says of an ensemble before it is trained."""
    return {
        "members": [member.fold.place for member in members],
        "answer": f"the mean of the members' {session.task.output_name}",
        "replica_batch": replica_batch,
    }


def on_examples(session: Session, splits: Mapping[str, np.ndarray]) -> Session:
    """Return the session with these splits of its examples."""
    return replace(session, source=session.source.with_splits(splits))
