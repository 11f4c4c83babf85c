"""A plan in words: labelled lines for the terminal and the notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerastune_ft.reporting import cache_lines, data_table, weight_lines
from kerastune_ft.reporting.head_lines import describe_head
from kerastune_ft.reporting.quantities import (
    ABSENT,
    format_count,
    format_duration,
    format_plain,
    format_rate,
    format_share,
    format_size,
    format_whole,
    is_number,
)
from kerastune_ft.reporting.update_lines import (
    describe_augmentation,
    describe_batch,
    describe_learning_rate,
    describe_loss,
    describe_mixing,
    describe_monitor,
    describe_optimizer,
    describe_steps,
    join_parts,
)
from kerastune_ft.wording import counted, describe_left_out, first_names

Document = Mapping[str, Any]
HEAD = "head"
"""The id of the unit of new layers."""
_SPANS_NAMED = 3

_BATCH_NORM = {
    "frozen": "in inference mode; statistics, gamma and beta stay as they are",
    "statistics": "normalised by each global batch, statistics updated; gamma and beta stay as they are",
    "train": "normalised by each global batch, statistics updated; gamma and beta train",
}


class Line(NamedTuple):
    """One labelled line."""

    label: str
    text: str


def describe_plan(plan: Document) -> list[Line]:
    """Return a line for everything that all phases share: devices, data, labels, backbone, weights, head, cache."""
    facts = [
        Line("devices", describe_devices(plan.get("devices") or {})),
        Line("data", _describe_data(plan.get("data") or {})),
        Line("left out", _describe_left_out(plan.get("data") or {})),
        Line("tiles", data_table.describe_tiles(plan.get("tiles") or {})),
        *(Line("data note", note) for note in (plan.get("data") or {}).get("notes") or ()),
        Line("labels", data_table.describe_labels(plan.get("labels") or {})),
        Line("backbone", _describe_backbone(plan.get("backbone") or {})),
        Line("weights", describe_transfer((plan.get("backbone") or {}).get("transfer") or {})),
        Line("texts", _describe_texts(plan.get("text") or plan.get("language") or {})),
        Line("texts", _describe_pairs(plan.get("pair") or {})),
        *(Line("dialogues", line) for line in data_table.describe_dialogues(plan)),
        Line("example", data_table.show_dialogue(plan)),
        *(Line("inputs", line) for line in data_table.describe_inputs(plan)),
        Line("head", describe_head(plan.get("head") or {}, (plan.get("backbone") or {}).get("endpoints") or {})),
        Line("before", _describe_before(plan.get("before") or {})),
        Line("refit", _describe_refit(plan.get("refit") or {})),
        *(Line("answers", line) for line in data_table.describe_answers(plan)),
        Line("schedule", _describe_schedule(plan.get("schedule") or {})),
        Line("cache", cache_lines.describe_run_stores(plan.get("cache") or {})),
        *(Line("stored", line) for line in cache_lines.list_existing_stores(plan.get("cache") or {})),
    ]
    return [fact for fact in facts if fact.text]


def _describe_before(before: Document) -> str:
    """Return what is measured before the first phase."""
    if not before:
        return ""
    said = " and ".join(f"{split} ({counted(count, 'example')})" for split, count in before.items())
    return f"the model is measured once on {said} before the first phase, to say what training changed"


def _describe_refit(refit: Document) -> str:
    """Return what a refit does; it comes after all phases."""
    if not refit:
        return ""
    return (
        f"the phases run again, for the epochs that validation chose, on {counted(refit['examples'], 'example')} of "
        "training and validation together; that model is the run's"
    )


def summarise_phase(phase: Document, plan: Document) -> dict[str, str]:
    """Return a phase as a row of the table that compares phases; the keys are its headings."""
    learning_rate = phase.get("learning_rate") or {}
    sizes = {"images": _find_image_size(phase, plan)} if any(map(_has_own_size, plan.get("phases") or ())) else {}
    return {
        "phase": str(phase.get("name", "")),
        "trains": name_units(phase, plan),
        **sizes,
        "parameters": _count_trainable(phase),
        "epochs": format_whole(phase.get("epochs")),
        "steps": format_whole(phase.get("steps")),
        "batch": format_whole(phase.get("batch_size")),
        "peak rate": "none: solved"
        if phase.get("solver")
        else f"{format_rate(learning_rate.get('peak'))} {learning_rate.get('shape', '')}".strip(),
        "est. time": _describe_time(phase.get("estimate") or {}),
    }


def describe_phase(phase: Document, plan: Document) -> list[Line]:
    """Return a line for everything that the plan decided about a phase."""
    facts = [
        Line("boundary", _describe_boundary(phase)),
        Line("trains", ", ".join(phase.get("trains") or ())),
        Line("images", describe_image_size(phase, plan)),
        Line("adapters", _describe_adapters(phase.get("lora") or {})),
        Line("parameters", _describe_parameters(phase)),
        Line("steps", describe_steps(phase)),
        Line("global batch", "all examples" if phase.get("solver") else describe_batch(phase)),
        Line("learning rate", describe_learning_rate(phase.get("learning_rate") or {})),
        Line("rate per unit", name_rates(phase.get("rates") or {}, list_units(plan))),
        Line("optimizer", describe_optimizer(phase)),
        Line("pull", weight_lines.describe_pull(phase)),
        Line("average", weight_lines.describe_average(phase)),
        Line("batch norm", _describe_batch_norm(phase)),
        Line("loss", describe_loss(phase)),
        Line("class weights", data_table.describe_class_weights(phase.get("class_weights") or {})),
        Line("sampling", str(phase.get("sampling") or "")),
        Line("augment", describe_augmentation(phase.get("augment"))),
        Line("mixing", describe_mixing(phase.get("mixing") or {})),
        Line("monitor", describe_monitor(phase)),
        Line("divergence", weight_lines.describe_retries(phase)),
        Line(
            str((phase.get("store") or {}).get("decision") or "store"),
            cache_lines.describe_phase_store(phase.get("store") or {}),
        ),
        Line("cut", _describe_cut(phase.get("cut") or ())),
        Line("estimate", _describe_estimate(phase.get("estimate") or {})),
    ]
    return [fact for fact in facts if fact.text]


def describe_image_size(phase: Document, plan: Document) -> str:
    """Return the size of a phase's training images and that of the images it is measured on, where these differ."""
    if not _has_own_size(phase):
        return ""
    return (
        f"{_find_image_size(phase, plan)} to train on; validation, as the final model, at {_find_image_size({}, plan)}"
    )


def _has_own_size(phase: Document) -> bool:
    return bool(phase.get("image_size"))


def _find_image_size(phase: Document, plan: Document) -> str:
    size = phase.get("image_size") or (plan.get("backbone") or {}).get("image_size") or ()
    return " x ".join(map(str, size))


def _count_trainable(phase: Document) -> str:
    return f"{format_count(phase.get('trainable_parameters'))} ({format_share(phase.get('trainable_share'))})"


def name_units(phase: Document, plan: Document) -> str:
    """Return which units train, as a range where they are the last ones: ``block6 … block7, head``."""
    short = _name_units(phase, plan)
    lora = phase.get("lora")
    return f"adapters ({format_count(lora.get('parameters'))}) in {short}" if lora else short


def _name_units(phase: Document, plan: Document) -> str:
    trains = list(phase.get("trains") or ())
    units = list_units(plan)
    body = [name for name in trains if name != HEAD]
    if not body:
        return "head only"
    if body == units[:-1]:
        return "everything"
    spans = _find_spans(body, units)
    if len(spans) > _SPANS_NAMED:
        return f"{len(body)} of {len(units) - 1} units, head"
    return ", ".join([*map(_join_span, spans), *([HEAD] if HEAD in trains else [])])


def list_units(plan: Document) -> list[str]:
    """Return the ids of a plan's units in their order, input to output, the head last."""
    return [*(unit["id"] for unit in (plan.get("backbone") or {}).get("units") or ()), HEAD]


def name_spans(names: Sequence[str], units: Sequence[str]) -> str:
    """Return the ids of units, more than two neighbours as a range: ``block1, block7 … head``.

    `units` are all there are, in their order; a range never hides one that is not among `names`.
    """
    return ", ".join(map(_join_span, _find_spans(names, units)))


def _find_spans(names: Sequence[str], units: Sequence[str]) -> list[list[str]]:
    """Return the names in runs of neighbours."""
    place = {unit: index for index, unit in enumerate(units)}
    spans: list[list[str]] = []
    for name in names:
        if spans and name in place and place.get(spans[-1][-1]) == place[name] - 1:
            spans[-1].append(name)
        else:
            spans.append([name])
    return spans


def name_rates(rates: Mapping[str, float], units: Sequence[str]) -> str:
    """Return peak rates by unit, those with the same rate joined; `units` are as in `name_spans`."""
    groups: list[tuple[list[str], float]] = []
    for unit, rate in rates.items():
        if groups and groups[-1][1] == rate:
            groups[-1][0].append(unit)
        else:
            groups.append(([unit], rate))
    return ", ".join(f"{name_spans(names, units)} {format_rate(rate)}" for names, rate in groups)


def describe_transfer(found: Document) -> str:
    """Return where the backbone's weights came from and whether all of its variables were loaded."""
    if not found:
        return ""
    if not found.get("source"):
        return "none: the backbone starts from random weights"
    parts = [f"{found['source']}: {format_whole(found.get('loaded'))} variables loaded"]
    for key in ("missing", "unused"):
        names = [str(name) for name in found.get(key) or ()]
        parts.append(f"{_sample(names)} {key}" if names else f"none {key}")
    if found.get("sha256"):
        parts.append(f"SHA-256 {str(found['sha256'])[:12]}…")
    return ", ".join(parts)


def _join_span(names: Sequence[str]) -> str:
    return f"{names[0]} … {names[-1]}" if len(names) > 2 else ", ".join(names)


def _sample(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return f"{len(names)} ({shown}{', …' if len(names) > most else ''})"


def describe_devices(devices: Document) -> str:
    """Return the devices of a run in words, as `2 replicas (mirrored) on GPU 0, GPU 1`; one replica is its device."""
    names = ", ".join(str(name) for name in devices.get("devices") or ())
    replicas, strategy = devices.get("replicas") or 1, devices.get("strategy")
    if replicas > 1:
        names = f"{counted(replicas, 'replica')}{f' ({strategy})' if strategy else ''}{f' on {names}' if names else ''}"
    return join_parts(names, devices.get("note") or "", joint="; ")


def _describe_data(data: Document) -> str:
    if not data:
        return ""
    named = f"{data.get('name')} ({data.get('kind')})"
    return join_parts(
        named,
        data_table.describe_sizes(data) or counted(data["examples"], "example"),
    )


def _describe_left_out(data: Document) -> str:
    return describe_left_out([(str(file["path"]), str(file["reason"])) for file in data.get("skipped") or ()])


def _describe_backbone(backbone: Document) -> str:
    if not backbone:
        return ""
    image_size = backbone.get("image_size")
    units = counted(len(backbone.get("units") or ()), "unit")
    return join_parts(
        f"{backbone.get('name')} ({backbone.get('kind')})",
        f"{format_count(backbone.get('parameters'))} parameters in {units}",
        f"images {image_size[0]} x {image_size[1]}" if image_size and any(image_size) else "",
    )


def _describe_texts(text: Document) -> str:
    """Return how long the texts are, and the lengths they are padded to."""
    if not text:
        return ""
    cut = text.get("truncated") or {}
    lost = f"{counted(cut['examples'], 'example')} cut" if cut.get("examples") else "none cut"
    length, mean, padding = (text.get(key) for key in ("sequence_length", "mean_tokens", "padding"))
    windows, sizes = text.get("windows"), text.get("lengths")
    read = [f"at most {length} tokens, {mean} in the mean"]
    if windows:
        sizes = windows.get("numbers")
        read = [
            f"in windows of {length} tokens, {mean} tokens to a text",
            f"{windows.get('longer')} texts need several",
        ]
    padded = f"{', '.join(map(str, sizes or ()))}{' windows' if windows else ''}"
    return join_parts(*read, lost, f"padded to {padded} ({format_share(padding)} padding)")


def _describe_pairs(pair: Document) -> str:
    """Return how long the texts to read and to write are, and the pairs of lengths that they are padded to."""
    if not pair:
        return ""
    cut, means = pair.get("truncated") or {}, pair.get("mean_tokens") or ("?", "?")
    lost = f"{counted(cut['examples'], 'example')} cut" if cut.get("examples") else "none cut"
    shapes = ", ".join(f"{read} and {written}" for read, written in pair.get("shapes") or ())
    return join_parts(
        f"at most {pair.get('sequence_length')} tokens to read and {pair.get('target_length')} to write",
        f"{means[0]} and {means[1]} in the mean",
        lost,
        f"padded to {shapes} ({format_share(pair.get('padding'))} padding)",
    )


def _describe_schedule(schedule: Document) -> str:
    return f"{schedule.get('preset')}: {schedule.get('source')}" if schedule else ""


def _describe_boundary(phase: Document) -> str:
    asked = json.dumps(phase.get("unfreeze"), ensure_ascii=False)
    return f"{phase.get('boundary')}, from unfreeze {asked}"


def _describe_adapters(lora: Document) -> str:
    layers = lora.get("layers") or ()
    if not layers:
        return ""
    return (
        f"{counted(len(layers), 'adapter')} of rank {lora.get('rank')}, alpha {format_plain(lora.get('alpha'))}: "
        f"{format_count(lora.get('parameters'))} parameters, on {first_names(layers, 3)}; the units themselves stay "
        "frozen"
    )


def _describe_parameters(phase: Document) -> str:
    return (
        f"{format_count(phase.get('trainable_parameters'))} train ({format_share(phase.get('trainable_share'))}), "
        f"{format_count(phase.get('frozen_parameters'))} frozen"
    )


def _describe_batch_norm(phase: Document) -> str:
    layers = phase.get("batch_norm_layers")
    if not layers:
        return ""
    mode = str(phase.get("batch_norm"))
    return f"{mode}: {counted(layers, 'layer')} {_BATCH_NORM[mode]}"


def _describe_cut(cut: Sequence[Document]) -> str:
    return ", ".join(
        f"{tensor.get('name')} {tensor.get('shape')} {tensor.get('dtype')} "
        f"({format_size(tensor.get('bytes'))} an example)"
        for tensor in cut
    )


def _describe_time(estimate: Document) -> str:
    return f"~ {format_duration(estimate['seconds'])}" if is_number(estimate.get("seconds")) else ABSENT


def _describe_estimate(estimate: Document) -> str:
    if not estimate:
        return ""
    return join_parts(
        _describe_time(estimate),
        f"memory ~ {format_size(estimate['memory_bytes'])}" if is_number(estimate.get("memory_bytes")) else "",
        f"basis: {estimate['basis']}" if estimate.get("basis") else "",
    )
