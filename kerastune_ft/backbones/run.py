"""The backbone of an earlier run, and its head if that is kept, read from the run's directory alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.inputs import BackboneInput, ImageInput, SoundInput
from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.backbones.language.pair_input import PairInput
from kerastune_ft.backbones.saved import load
from kerastune_ft.backbones.several import COLUMNS, SeveralInput
from kerastune_ft.backbones.speech.speech_input import read_speech_input
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.backbones.text_windows import make_unfolding_layers
from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.run_command import find_command
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.graph.parts import find_owners
from kerastune_ft.graph.rebuild.flat import FlatCopy
from kerastune_ft.graph.rows.windows import make_folding_layers
from kerastune_ft.graph.units import Unit
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece
from kerastune_ft.rundir import MANIFEST, RunDirectory
from kerastune_ft.storage import as_local_folder

MODEL = "model/model.keras"
"""The saved model of a run."""
_TOKENIZER = "model/tokenizer"
# The entries of a plan of which each says how the texts are written that a model writes.
_WRITTEN = ("language", "pair", "speech")
_SHOWN = 5


def build(options: EarlierRun) -> Backbone:
    """Build the backbone of an earlier run with the weights that run ended with, divided into the same units."""
    run = RunDirectory(options.path)
    plan = plan_of(options)
    if "ensemble" in plan:
        raise ConfigError(
            f"backbone.path: {written_path(options)} is an ensemble, which has no units to train; give the directory "
            "of a single run"
        )
    digest = _check_model(run, options)
    inner = next(layer for layer in load(run.path / MODEL, "backbone.path").layers if is_inner(layer))
    given = _inputs(inner)
    copy = FlatCopy(inner, given, substitutes=_window_layers(plan))
    whole = keras.Model(given, copy.output)
    head, about = plan["head"]["layers"], plan["backbone"]
    body = keras.Model(given, _outputs(copy, about, whole, plan), name="backbone")
    units = tuple(_unit(body, inner, row) for row in about["units"])
    transfer = Transfer(f"run {written_path(options)}", digest, sum(len(unit.variables) for unit in units))
    known = {layer.name: layer for layer in whole.layers}
    # Of layers without weights some were saved as operations, which are no layers.
    kept = {name: known[name].get_weights() for name in head if name in known} if options.head == "keep" else {}
    return Backbone(
        about["name"],
        body,
        units,
        read_input(run, plan),
        about["preprocessing"],
        transfer,
        kept_head=kept,
        kept_outputs=copy.output if options.head == "keep" and plan["head"].get("python") else None,
        prefix_tokens=about.get("prefix_tokens", 0),
    )


def build_writer(options: EarlierRun) -> Backbone:
    """Build the language model of an earlier run, with its vocabulary, divided into the same units."""
    from kerastune_ft.backbones.keras_hub import HUB_FAMILIES, Source, make_writer

    run = RunDirectory(options.path)
    plan = plan_of(options)
    if not any(plan.get(entry) for entry in _WRITTEN):
        raise ConfigError(
            f"backbone.path: {written_path(options)} is a run whose model writes no texts; give one of a language model"
        )
    digest = _check_model(run, options)
    body = next(layer for layer in load(run.path / MODEL, "backbone.path").layers if is_inner(layer))
    transfer = Transfer(f"run {written_path(options)}", digest, 0)
    source = Source(body, plan["backbone"]["name"], HUB_FAMILIES[type(body).__name__], transfer)
    made = make_writer(source, read_input(run, plan))
    return replace(made, transfer=replace(transfer, loaded=len(made.variables)))


def build_whole(options: EarlierRun) -> Backbone:
    """Build the whole model of an earlier run, with its head, which is not divided into units."""
    run = RunDirectory(options.path)
    plan = plan_of(options)
    digest = _check_model(run, options)
    inner = next(layer for layer in load(run.path / MODEL, "backbone.path").layers if is_inner(layer))
    given = _inputs(inner)
    model = keras.Model(given, FlatCopy(inner, given).output, name="whole")
    about = plan["backbone"]
    transfer = Transfer(f"run {written_path(options)}", digest, len(model.variables))
    return Backbone(about["name"], model, (), read_input(run, plan), about["preprocessing"], transfer)


def _outputs(copy: FlatCopy, about: Mapping[str, Any], whole: keras.Model, plan: Mapping[str, Any]) -> Any:
    """Return what the head of a run read: the last features, or several endpoints by name."""
    if inputs := plan.get("inputs"):
        # Several pictures go through the same layers: theirs is the use that depends on their own input.
        owners = find_owners(whole, inputs["parts"])
        return {
            name: next(tensor for tensor in copy.uses[operation] if owners[id(tensor)] == name)
            for name, operation in about["endpoints"].items()
        }
    if "endpoints" in about:
        return {name: copy.tensors[operation] for name, operation in about["endpoints"].items()}
    return copy.tensors[about["output"]]


def outline(options: EarlierRun) -> Backbone:
    """Build the backbone of an earlier run, with its weights, which lie in the same file as its graph."""
    return build(options)


def outline_writer(options: EarlierRun, writes: bool | None) -> Backbone:
    """Build the model of an earlier run as it `writes` texts, or does not; None: as it did in that run."""
    did_write = any(plan_of(options).get(entry) for entry in _WRITTEN)
    return build_writer(options) if (did_write if writes is None else writes) else build(options)


def read_input(run: RunDirectory, plan: Mapping[str, Any]) -> BackboneInput:
    """Return what the model of a run takes, as its plan has it."""
    return read_inputs(run, plan) if plan.get("inputs") else _single_input(run, plan)


def read_inputs(run: RunDirectory, plan: Mapping[str, Any]) -> SeveralInput:
    """Return what the model of a run with several inputs takes, as its plan.json has it."""
    inputs = plan["inputs"]
    names = {name: tuple(own) for name, own in inputs["parts"].items()}
    # Texts have several inputs of tokens, a picture has one of its own name.
    texts = [name for name, own in names.items() if own != (name,)]
    image = {**plan, "text": None}
    given = {name: _single_input(run, plan if name in texts else image) for name in names if name != COLUMNS}
    return SeveralInput(given, names, inputs["columns"] or {}, inputs["prefix_tokens"])


def _single_input(run: RunDirectory, plan: Mapping[str, Any]) -> BackboneInput:
    """Return what a model of one input takes, or one part of a model of several."""
    if plan.get("speech"):
        return read_speech_input(plan, tokenizer_of(run, plan))
    if plan.get("language"):
        return LanguageInput.from_json(plan["language"]["rows"], tokenizer_of(run, plan))
    if plan.get("pair"):
        return PairInput.from_json(plan["pair"]["rows"], tokenizer_of(run, plan))
    if plan["text"] is not None:
        return TextInput.from_json(plan["text"]["rows"], tokenizer_of(run, plan))
    if sound := plan.get("sound"):
        return SoundInput(sound["sample_rate"], sound["samples"])
    height, width = plan["backbone"]["image_size"]
    return ImageInput((height, width))


def _window_layers(plan: Mapping[str, Any]) -> Mapping[str, keras.layers.Layer]:
    """Return layers for the operations of a saved model that give windows rows, and for those that undo that.

    Cuts know windows by such layers.
    """
    rows = plan["text"]["rows"] if plan["text"] is not None else {}
    if "window" not in rows:
        return {}
    return {**make_unfolding_layers(rows["names"]), **make_folding_layers(plan["head"]["layers"])}


def _inputs(inner: keras.Model) -> Any:
    """Return new inputs like those of the model that was trained."""
    if isinstance(inner.input, dict):
        return {
            name: keras.Input(tuple(tensor.shape[1:]), name=name, dtype=tensor.dtype)
            for name, tensor in inner.input.items()
        }
    return keras.Input(tuple(inner.input.shape[1:]), name="image", dtype="float32")


def tokenizer_of(run: RunDirectory, plan: Mapping[str, Any]) -> Any:
    """Return the tokenizer that lies beside a run's model, or that of bytes, which has no files."""
    import keras_hub

    entry = next(found for name in (*_WRITTEN, "text") if (found := plan.get(name)))
    if not entry["has_vocabulary"]:
        return keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    folder = run.path / _TOKENIZER
    try:
        with as_local_folder(folder) as local, without_remarks_of_sentence_piece():
            return keras_hub.tokenizers.Tokenizer.from_preset(str(local))
    except (OSError, ValueError, TypeError, KeyError) as problem:
        said = " ".join(str(problem).split())[:200]
        raise DataError(
            f"{folder} is no tokenizer that can be opened: {said}\nRestore it, or give the run's command with --fresh"
        ) from problem


def _unit(body: keras.Model, inner: keras.Model, row: Mapping[str, Any]) -> Unit:
    known = {layer.name: layer for layer in body.layers}
    layers: list[keras.layers.Layer] = []
    for name in row["layers"]:
        # The copy has the layers of a nested model, such as ConvNeXt's stem, in its place.
        layers += [known[name]] if name in known else [known[each.name] for each in inner.get_layer(name).layers]
    blocks, part = tuple(row.get("blocks", ())), row.get("part", "")
    return Unit(row["id"], tuple(layers), (None, *row["output_shape"]), blocks, part)


def is_inner(layer: keras.layers.Layer) -> bool:
    """Return whether a layer of a run's saved model is the model that was trained, between resize and finish."""
    return isinstance(layer, keras.Model)


def written_path(options: EarlierRun) -> str:
    """Return the run's path as the configuration has it."""
    return str(getattr(options.path, "written", options.path))


def plan_of(options: EarlierRun) -> Mapping[str, Any]:
    """Return the plan of a finished earlier run.

    Raises ConfigError where there is no run, or none that was finished.
    """
    run, place = RunDirectory(options.path), f"backbone.path: {written_path(options)}"
    if not run.exists("plan.json"):
        command = find_command(str(options.path))
        remedy = f"make it first: {command}" if command else "give the directory of a finished run"
        raise ConfigError(f"{place} {_describe_path(run)}; {remedy}")
    if not run.exists(MODEL):
        state = (run.manifest() or {}).get("state", "interrupted")
        raise ConfigError(
            f"{place} has no {MODEL}: the run is {state}; give its command again, with --run-dir "
            f"{written_path(options)}, to finish it first"
        )
    plan: Mapping[str, Any] = run.read_json("plan.json")
    if any("layers" not in row for row in plan["backbone"]["units"]) or "options" not in plan["head"]:
        raise ConfigError(
            f"{place} was made by a version of this program that did not write down the layers of the units; "
            "train it again"
        )
    return plan


def _describe_path(run: RunDirectory) -> str:
    if not run.path.exists():
        return "does not exist"
    if not run.path.is_dir():
        return "is a file and no run directory"
    runs = sorted(entry.name for entry in run.path.iterdir() if (entry / "plan.json").exists())
    return f"is no run; it holds {', '.join(runs[-_SHOWN:])}" if runs else "is no run directory: it has no plan.json"


def _check_model(run: RunDirectory, options: EarlierRun) -> str:
    """Return the SHA-256 of the model, which must be the one that the run wrote."""
    digest = hashlib.sha256(run.read_bytes(MODEL)).hexdigest()
    about = ((run.manifest() or {}).get("files") or {}).get(MODEL)
    if about and about["sha256"] != digest:
        raise ConfigError(
            f"backbone.path: {MODEL} of {written_path(options)} is not the file that its {MANIFEST} names (SHA-256 "
            f"{digest[:12]}, written was {about['sha256'][:12]}); it is damaged or was replaced; restore it"
        )
    return digest
