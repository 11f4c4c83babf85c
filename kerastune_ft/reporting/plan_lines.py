"""A plan said in words: labelled lines that the terminal and the notebook both print."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerastune_ft.reporting import cache_lines, data_table
from kerastune_ft.reporting import quantities as say
from kerastune_ft.wording import counted

Document = Mapping[str, Any]

_BATCH_NORM = {
    "frozen": "in inference mode; statistics, gamma and beta stay as they are",
    "statistics": "normalised by each global batch, statistics updated; gamma and beta stay as they are",
    "train": "normalised by each global batch, statistics updated; gamma and beta train",
}


class Fact(NamedTuple):
    """One labelled line."""

    label: str
    text: str


def subjects(plan: Document) -> list[Fact]:
    """Return what the whole plan rests on: devices, data, backbone, weights, head."""
    facts = [
        Fact("devices", _devices(plan.get("devices") or {})),
        Fact("data", _data(plan.get("data") or {})),
        *(Fact("data note", note) for note in (plan.get("data") or {}).get("notes") or ()),
        Fact("labels", data_table.labels(plan.get("labels") or {})),
        Fact("backbone", _backbone(plan.get("backbone") or {})),
        Fact("weights", transfer((plan.get("backbone") or {}).get("transfer") or {})),
        Fact("texts", _texts(plan.get("text") or {})),
        Fact("head", _head(plan.get("head") or {})),
        Fact("cache", cache_lines.of_run(plan.get("cache") or {})),
        *(Fact("stored", line) for line in cache_lines.found(plan.get("cache") or {})),
    ]
    return [fact for fact in facts if fact.text]


def phase_row(phase: Document, plan: Document) -> dict[str, str]:
    """Return the phase in one line, for comparing phases; the keys are the column headings."""
    learning_rate = phase.get("learning_rate") or {}
    return {
        "phase": str(phase.get("name", "")),
        "trains": units_in_short(phase, plan),
        "parameters": f"{say.count(phase.get('trainable_parameters'))} ({say.share(phase.get('trainable_share'))})",
        "epochs": say.whole(phase.get("epochs")),
        "steps": say.whole(phase.get("steps")),
        "batch": say.whole(phase.get("batch_size")),
        "peak rate": f"{say.rate(learning_rate.get('peak'))} {learning_rate.get('shape', '')}".strip(),
        "est. time": _about(phase.get("estimate") or {}),
    }


def phase_facts(phase: Document) -> list[Fact]:
    """Return everything the plan decided about a phase."""
    facts = [
        Fact("boundary", _boundary(phase)),
        Fact("trains", ", ".join(phase.get("trains") or ())),
        Fact("adapters", _adapters(phase.get("lora") or {})),
        Fact("parameters", _parameters(phase)),
        Fact("steps", _steps(phase)),
        Fact("global batch", _batch(phase)),
        Fact("learning rate", _learning_rate(phase.get("learning_rate") or {})),
        Fact("rate per unit", rates_in_short(phase.get("rates") or {})),
        Fact("optimizer", _optimizer(phase)),
        Fact("batch norm", _batch_norm(phase)),
        Fact("class weights", data_table.weights(phase.get("class_weights") or {})),
        Fact("sampling", str(phase.get("sampling") or "")),
        Fact("augment", options(phase.get("augment"))),
        Fact("monitor", _monitor(phase)),
        Fact(
            str((phase.get("store") or {}).get("decision") or "store"), cache_lines.of_phase(phase.get("store") or {})
        ),
        Fact("cut", _cut(phase.get("cut") or ())),
        Fact("estimate", _estimate(phase.get("estimate") or {})),
    ]
    return [fact for fact in facts if fact.text]


def units_in_short(phase: Document, plan: Document) -> str:
    """Return which units train, as a range where they are the last ones: ``block6 … block7, head``."""
    short = _units_in_short(phase, plan)
    lora = phase.get("lora")
    return f"adapters ({say.count(lora.get('parameters'))}) in {short}" if lora else short


def _units_in_short(phase: Document, plan: Document) -> str:
    trains = list(phase.get("trains") or ())
    units = [unit["id"] for unit in (plan.get("backbone") or {}).get("units") or ()]
    body = [name for name in trains if name != "head"]
    if not body:
        return "head only"
    if units and body == units:
        return "everything"
    if units and len(body) > 2 and body == units[-len(body) :]:
        return f"{body[0]} … {body[-1]}, head"
    if len(body) > 3:
        return f"{len(body)} of {len(units) or '?'} units, head"
    return ", ".join([*body, "head"])


def rates_in_short(rates: Mapping[str, float]) -> str:
    """Return peak rates by unit, neighbours with the same rate joined."""
    groups: list[tuple[list[str], float]] = []
    for unit, rate in rates.items():
        if groups and groups[-1][1] == rate:
            groups[-1][0].append(unit)
        else:
            groups.append(([unit], rate))
    return ", ".join(f"{_span(names)} {say.rate(rate)}" for names, rate in groups)


def transfer(found: Document) -> str:
    """Return where the backbone's weights came from and whether all of them arrived."""
    if not found:
        return ""
    if not found.get("source"):
        return "none: the backbone starts from random weights"
    parts = [f"{found['source']}: {say.whole(found.get('loaded'))} variables loaded"]
    for key in ("missing", "unused"):
        names = [str(name) for name in found.get(key) or ()]
        parts.append(f"{_sample(names)} {key}" if names else f"none {key}")
    if found.get("sha256"):
        parts.append(f"SHA-256 {str(found['sha256'])[:12]}…")
    return ", ".join(parts)


def options(value: Any) -> str:
    """Return a set of options in one line, without those that are off."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items() if item not in (None, False, 0))
    return "" if value is None else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _span(names: Sequence[str]) -> str:
    return f"{names[0]} … {names[-1]}" if len(names) > 2 else ", ".join(names)


def _sample(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return f"{len(names)} ({shown}{', …' if len(names) > most else ''})"


def _sentence(*parts: str, joint: str = ", ") -> str:
    return joint.join(part for part in parts if part)


def _devices(devices: Document) -> str:
    names = ", ".join(str(name) for name in devices.get("devices") or ())
    replicas = devices.get("replicas")
    count = counted(replicas, "replica") if replicas else ""
    return _sentence(_sentence(str(devices.get("strategy") or ""), count, names), devices.get("note") or "", joint="; ")


def _data(data: Document) -> str:
    if not data:
        return ""
    named = f"{data.get('name')} ({data.get('kind')})"
    skipped = data.get("skipped") or ()
    return _sentence(
        named,
        data_table.sizes(data) or counted(data["examples"], "example"),
        f"{counted(len(skipped), 'file')} skipped" if skipped else "",
    )


def _backbone(backbone: Document) -> str:
    if not backbone:
        return ""
    image_size = backbone.get("image_size")
    units = counted(len(backbone.get("units") or ()), "unit")
    return _sentence(
        f"{backbone.get('name')} ({backbone.get('kind')})",
        f"{say.count(backbone.get('parameters'))} parameters in {units}",
        f"images {image_size[0]} x {image_size[1]}" if image_size and any(image_size) else "",
    )


def _texts(text: Document) -> str:
    """Return how long texts are, and what they are padded to."""
    if not text:
        return ""
    cut = text.get("truncated") or {}
    lost = f"{counted(cut['examples'], 'example')} cut" if cut.get("examples") else "none cut"
    return _sentence(
        f"at most {text.get('sequence_length')} tokens, {text.get('mean_tokens')} in the mean",
        lost,
        f"padded to {', '.join(map(str, text.get('lengths') or ()))} ({say.share(text.get('padding'))} padding)",
    )


def _head(head: Document) -> str:
    if not head:
        return ""
    layers = " > ".join(str(layer) for layer in head.get("layers") or ())
    return f"{layers} ({say.count(head.get('parameters'))} parameters)"


def _boundary(phase: Document) -> str:
    asked = json.dumps(phase.get("unfreeze"), ensure_ascii=False)
    return f"{phase.get('boundary')}, from unfreeze {asked}"


def _adapters(lora: Document) -> str:
    layers = lora.get("layers") or ()
    if not layers:
        return ""
    named = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
    return (
        f"{counted(len(layers), 'adapter')} of rank {lora.get('rank')}, alpha {say.plain(lora.get('alpha'))}: "
        f"{say.count(lora.get('parameters'))} parameters, on {named}; the units themselves stay frozen"
    )


def _parameters(phase: Document) -> str:
    return (
        f"{say.count(phase.get('trainable_parameters'))} train ({say.share(phase.get('trainable_share'))}), "
        f"{say.count(phase.get('frozen_parameters'))} frozen"
    )


def _steps(phase: Document) -> str:
    return (
        f"{say.whole(phase.get('steps'))} at most: {counted(phase['epochs'], 'epoch')} "
        f"x {say.whole(phase.get('steps_per_epoch'))}"
    )


def _batch(phase: Document) -> str:
    text = f"{say.whole(phase.get('batch_size'))} ({say.whole(phase.get('replica_batch'))} per replica)"
    accumulate = phase.get("accumulate") or 1
    return text if accumulate == 1 else f"{text}, {accumulate} batches make one step"


def _learning_rate(policy: Document) -> str:
    warmup = policy.get("warmup_steps")
    return _sentence(
        f"peak {say.rate(policy.get('peak'))}",
        str(policy.get("shape") or ""),
        counted(warmup, "warm-up step") if warmup else "no warm-up",
        f"final {say.rate(policy['final'])}" if policy.get("final") is not None else "",
    )


def _optimizer(phase: Document) -> str:
    return _sentence(
        str(phase.get("optimizer") or "") + (", carried on" if phase.get("carry_optimizer") else ""),
        f"weight decay {say.rate(phase['weight_decay'])}" if phase.get("weight_decay") else "no weight decay",
        f"clip norm {phase['clip_norm']:g}" if phase.get("clip_norm") else "",
    )


def _batch_norm(phase: Document) -> str:
    layers = phase.get("batch_norm_layers")
    if not layers:
        return ""
    mode = str(phase.get("batch_norm"))
    return f"{mode}: {counted(layers, 'layer')} {_BATCH_NORM[mode]}"


def _monitor(phase: Document) -> str:
    stopping = options(phase.get("early_stopping"))
    return _sentence(
        str(phase.get("monitor") or ""),
        f"early stopping ({stopping})" if stopping else "no early stopping",
        f"starts from {phase['start_from']}" if phase.get("start_from") else "",
    )


def _cut(cut: Sequence[Document]) -> str:
    return ", ".join(
        f"{tensor.get('name')} {tensor.get('shape')} {tensor.get('dtype')} ({say.size(tensor.get('bytes'))} an example)"
        for tensor in cut
    )


def _about(estimate: Document) -> str:
    return f"~ {say.duration(estimate['seconds'])}" if say.is_number(estimate.get("seconds")) else say.ABSENT


def _estimate(estimate: Document) -> str:
    if not estimate:
        return ""
    return _sentence(
        _about(estimate),
        f"memory ~ {say.size(estimate['memory_bytes'])}" if say.is_number(estimate.get("memory_bytes")) else "",
        f"basis: {estimate['basis']}" if estimate.get("basis") else "",
    )
