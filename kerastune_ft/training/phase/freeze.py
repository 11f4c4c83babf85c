"""Setting which layers and variables of the model train in a phase."""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.boundary import HEAD, Selection
from kerastune_ft.graph.units import is_seed
from kerastune_ft.training.session.session import Session


def freeze_all_but(session: Session, selection: Selection, trained: Sequence[str]) -> None:
    """Set trainability variable by variable and check it against the plan by path.

    Raises AssertionError when Keras sees other trainable variables than the plan: a mistake of this package.
    """
    wanted = set(trained)
    changing = wanted.union(selection.statistics)
    trained_units = {*selection.units, HEAD}
    for unit in session.units:
        for layer in unit.layers:
            for leaf in keras_private.leaf_layers(layer).values() or [layer]:
                weights = [variable for variable in leaf.variables if not is_seed(variable)]
                # A layer without weights, such as dropout, is on where its unit trains.
                leaf.trainable = (
                    any(variable.path in changing for variable in weights) if weights else unit.id in trained_units
                )
            # Of a layer that holds others, and variables of its own besides, only the variables are set.
            for variable in layer.variables:
                if not is_seed(variable):
                    variable.trainable = variable.path in wanted
    found = {variable.path for variable in session.model.trainable_variables}
    if found != wanted:
        raise AssertionError(f"Keras would train other variables than the plan: {sorted(found ^ wanted)[:5]}")
