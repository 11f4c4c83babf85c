"""Phases whose head a solver sets: whether the head is linear, which variables it has, what its features take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.partition import Partition
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.session.session import Session

_FLOAT32, _FLOAT64 = 4, 8
# Features up to this many bytes are kept in float64 too.
_CONVERTED = 1 << 29


class LinearHead(NamedTuple):
    """The paths of the variables of a head that is one dense layer."""

    kernel: str
    bias: str


def check_linear(session: Session, cut: Partition, trained: Sequence[str], place: str) -> LinearHead:
    """Return the variables of the linear head that trains above a cut.

    Raises ConfigError where the head is another, as one that is kept of an earlier run may be.
    """
    variables = session.variables
    shapes = {path: tuple(variables[path].shape) for path in trained}
    kernels = [path for path, shape in shapes.items() if len(shape) == 2]
    biases = [path for path, shape in shapes.items() if len(shape) == 1]
    # Of several inputs the head has the rows of each one behind the other, in the order of the cut.
    is_rows = all(len(tensor.shape) == 2 and tensor.shape[-1] is not None for tensor in cut.cut)
    if len(trained) == 2 and kernels and biases and is_rows and _count_features(cut) == shapes[kernels[0]][0]:
        return LinearHead(kernels[0], biases[0])
    raise ConfigError(
        f"{place}.optimizer: a solver sets a head that is one dense layer on a vector of features, and what trains is "
        f"{', '.join(trained)}; write another optimizer"
    )


def _count_features(cut: Partition) -> int:
    return sum(int(tensor.shape[-1]) for tensor in cut.cut)


def find_head(session: Session, plan: PhasePlan) -> LinearHead:
    """Return the variables of the head of a phase that is solved."""
    return check_linear(session, plan.partition, plan.trained, plan.phase.name)


def feature_bytes(session: Session, plan: PhasePlan) -> int:
    """Return the bytes that the features of a phase that is solved take in memory, with a copy that is converted."""
    width = _count_features(plan.partition)
    train, validation = (len(session.examples.splits[split]) for split in ("train", "validation"))
    rows = train * (plan.phase.augment.views or 1)
    return width * (rows + validation) * _FLOAT32 + min(_CONVERTED, width * rows * _FLOAT64)
