"""Proposing two runs for texts: one learns their language without labels, the other begins with its model.

Source: Gururangan et al., "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks" (2020), who call it
domain-adaptive pretraining on other texts of the field, and task-adaptive on those of the data itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.task_facts import LANGUAGE, TEXT, find_facts
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import add_with_reason
from kerastune_ft.scaffolding.propose import Proposal
from kerastune_ft.scaffolding.sources.plain_texts import PlainTexts, find_plain_texts
from kerastune_ft.scaffolding.suggest.texts import LONG_TEXT, LONG_TEXT_LENGTH, is_random
from kerastune_ft.wording import counted

OWN = ""
"""In the place of texts: those of the data themselves."""
_TASKS: Mapping[str, str] = {TEXT: "masked_lm", LANGUAGE: "causal_lm"}
"""By the modality of the data, the task that learns its language."""
_OF_LABELS = ("label", "exclude", "on_bad_file", "long_texts")


def propose_adaptation(
    proposal: Proposal, texts: str, run: str, relate: Callable[[Path], str]
) -> tuple[dict[str, Any], Proposal]:
    """Return the configuration of a run on texts without labels, and the proposal of the run that begins with it.

    `texts` is the path of a folder of .txt files or of a table, or OWN; `run` is the directory of the first run as the
    second configuration writes it; `relate` returns a path as a configuration writes it. Raises ConfigError for data
    that have no language to learn, and DataError for texts that cannot be read.
    """
    known = find_facts(proposal.document["task"])
    kind = (
        _TASKS.get(known.modality) if known and isinstance(proposal.document["data"].get("input"), str | None) else None
    )
    if kind is None:
        raise ConfigError(
            f"--adapt: {proposal.task} on these data has no single text to learn the language of; leave it out"
        )
    if kind == "causal_lm" and texts == OWN:
        raise ConfigError(
            "--adapt: a model that writes learns the texts of these data as they are; give it other ones to learn "
            "first, a folder of .txt files or a table, or leave it out"
        )
    document = proposal.document
    found = None if texts == OWN else find_plain_texts(texts, document["data"].get("input"), relate)
    if found is None:
        data = _leave_out_labels(document["data"])
    else:
        data = _describe_texts(found, document["data"], kind == "masked_lm" and not is_random(document["backbone"]))
        said = f"texts without labels: {counted(found.count, 'text')} in {texts}, {found.measures.length_text}"
        proposal = replace(proposal, seen=(*proposal.seen, said), asks=(*proposal.asks, *found.asks))
    first: dict[str, Any] = {"task": {}, "data": data, "backbone": document["backbone"]}
    why = "texts without labels: " + (
        "hidden words are found" if kind == "masked_lm" else "the model learns to go on with them"
    )
    add_with_reason(first["task"], "kind", kind, why)
    batch = document.get("defaults", {}).get("batch_size", 16)
    first["defaults"] = {"batch_size": batch, "clip_norm": 1.0}
    if kind == "masked_lm":
        first["phases"] = _list_phases(document["backbone"])
    else:
        add_with_reason(first, "phases", document["phases"], "as in the run that begins with this one")
    return first, replace(proposal, document=_begin_with(document, run, texts == OWN))


def _begin_with(document: Mapping[str, Any], run: str, shares_data: bool) -> dict[str, Any]:
    """Return a configuration that begins with the model of a run, and takes its splits where the data are the same."""
    path = (
        "the run that learnt the language of the texts; it comes first. It does not always help: compare with a run "
        f"that has the backbone of {Path(run).name}.json here"
    )
    backbone = {"// path": path, "kind": "run", "path": run}
    data = dict(document["data"])
    splits = data.get("splits") or {}
    if shares_data and all(isinstance(share, int | float) for share in splits.values()):
        why = "those of the run that it begins with, which has seen no text of the test split"
        add_with_reason(data, "splits", {"file": run}, why)
    return {**document, "data": data, "backbone": backbone}


def _leave_out_labels(data: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in data.items() if key.removeprefix("// ") not in _OF_LABELS}
    if "// splits" in kept:
        # The reason there is about classes.
        kept["// splits"] = "the run on labels takes these, so that no text of its test split is learnt here"
    if "// on_missing" in kept:
        # There it may be of rows without labels, which are learnt here.
        kept["// on_missing"] = "rows without text are skipped; those without label are learnt too"
    return kept


def _describe_texts(found: PlainTexts, data: Mapping[str, Any], is_limited: bool) -> dict[str, Any]:
    """Return the section `data` for texts that are not those of the run on labels, whose section is `data`.

    With `is_limited` blocks of long texts are kept short, where that run names no length.
    """
    section = dict(found.data)
    why = "no test split: what this run brings is measured by the run that begins with it"
    add_with_reason(section, "splits", {"train": 0.9, "validation": 0.1}, why)
    if (length := data.get("sequence_length")) is not None:
        why = "as in the run that begins with this one; longer texts are divided into blocks"
        add_with_reason(section, "sequence_length", length, why)
    elif is_limited and found.measures.most > LONG_TEXT:
        why = f"{found.measures.length_text}; longer texts are divided into blocks"
        add_with_reason(section, "sequence_length", LONG_TEXT_LENGTH, why)
    return section


def _list_phases(backbone: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the phases of finding hidden words: the new head by itself, then the whole model at a low rate."""
    is_new = is_random(backbone)
    whole: dict[str, Any] = {"name": "all", "unfreeze": "all", "epochs": 10 if is_new else 3}
    rate = 0.003 if is_new else 0.00005
    return [
        {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.001},
        {**whole, "learning_rate": {"peak": rate, "shape": "linear", "warmup": 0.1}},
    ]
