from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.updates.losses import LOSSES, PhaseLoss
from kerastune_ft.losses import masks, one_class, several_classes, values
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions

_ROOMS = {"one": one_class, "several": several_classes, "values": values, "mask": masks}
_TARGETS = {"one": np.int32([0, 1]), "several": np.eye(2, dtype=np.float32), "values": np.eye(2, dtype=np.float32),
            "mask": np.zeros((2, 4, 4), np.uint8)}  # fmt: skip


def test_every_loss_that_can_be_written_is_there_and_the_first_is_the_own() -> None:
    for kind, names in ((kind, names) for kind, names in LOSSES.items() if kind in _ROOMS):
        targets = tf.constant(_TARGETS[kind])
        outputs = tf.random.stateless_normal([2, 4, 4, 2] if kind == "mask" else [2, 2], (1, 2))
        compute = _ROOMS[kind].compute_losses
        found = {name: np.array(compute(targets, outputs, LossOptions(loss=PhaseLoss(name=name)))) for name in names}
        assert np.array_equal(found[names[0]], np.array(compute(targets, outputs, NO_OPTIONS)))
        assert len({value.tobytes() for value in found.values()}) == len(names), "no two are the same"
