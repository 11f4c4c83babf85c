"""Verification of the saved model: it holds the last phase's best weights on what stayed frozen, and nothing else."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

from kerastune_ft.verification.run_record import Findings, RunRecord, hash_array, some_of

_MODEL = "model/model.keras"
_WEIGHTS = "model.weights.h5"
# The name that the saved model gives to the model that was trained, between resize and finish.
_INNER_MODEL = "trained"
_LAYERS = "layers/"
_HUB_MODEL = re.compile(r"/layers/[^/]+(?=/layers/)")
# Where a matrix of the vocabulary of its own lies in the backbone of keras-hub.
_HUB_PLACES = {"vocabulary": "token_embedding"}


def check_saved_model(record: RunRecord, findings: Findings) -> str | None:
    """Check layer by layer that the values in model.keras are those the run ended with.

    Keras numbers the variables of a layer and drops their names, and layers inside a layer may be named anew where it
    is made again to be saved, as those of keras-hub's MiT, so the values of a layer of the model are compared as a set.
    """
    if not record.is_done or not record.finished_phases or not record.run.exists(_MODEL):
        return None
    last = record.trained_phases[-1]
    try:
        values, _ = record.read_weights(last.weights_file)
    except ValueError:
        # Another check reports it.
        return None
    ended = {**(last.result or {})["frozen"]["after"], **{path: hash_array(array) for path, array in values.items()}}
    # Adapters are part of the kernels they stand on.
    ended = {path: one for path, one in ended.items() if path not in record.adapters}
    ended |= record.manifest.get("merged") or {}
    try:
        found = Counter(hash_saved_values(record.run.read_bytes(_MODEL)))
    except PermissionError:
        raise
    except (zipfile.BadZipFile, OSError, KeyError) as error:
        findings.fail(_MODEL, f"it cannot be opened ({error})")
        return None
    lacking = []
    layers = {layer for layer, _ in found}
    for path, value in ended.items():
        layer = layer_of(path)
        layer = layer if layer in layers else _HUB_PLACES.get(layer, layer)
        if found[layer, value]:
            found[layer, value] -= 1
        else:
            lacking.append(path)
    if lacking:
        findings.fail(_MODEL, f"it does not hold {some_of(lacking)} as phase {last.name} ended with them")
    if extra := {layer for layer, _ in found.elements()}:
        findings.fail(_MODEL, f"its layers {some_of(extra)} hold values that the run did not end with")
    return f"the {len(ended)} variables of {_MODEL} are those that phase {last.name} ended with"


def layer_of(path: str) -> str:
    """Return the name of the layer of the model that a variable belongs to."""
    return path.partition("/")[0]


def hash_saved_values(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the model's layer and the SHA-256 of every value in the trained part of a .keras file.

    Seeds are no values. What a layer holds inside it is yielded by that layer's name.
    """
    import h5py

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        weights = io.BytesIO(archive.read(_WEIGHTS))
    with h5py.File(weights) as file:
        groups: list[h5py.Group] = []
        file.visititems(lambda name, one: groups.append(one) if name.endswith("/vars") else None)
        names = (group.parent.name for group in groups if group.attrs.get("name") == _INNER_MODEL)
        # keras-hub's own model of a language model has its backbone in the place of what was trained.
        inner = next(names, None) or next(found[0] for group in groups if (found := _HUB_MODEL.match(group.name)))
        for group in groups:
            owner = group.parent.name.rpartition("/")[2]
            if group.name.startswith(f"{inner}/{_LAYERS}") and not owner.startswith("seed_generator"):
                layer = group.name.removeprefix(f"{inner}/{_LAYERS}").partition("/")[0]
                named = file[f"{inner}/{_LAYERS}{layer}/vars"]
                for dataset in group.values():
                    yield str(named.attrs["name"]), hash_array(dataset[()])
