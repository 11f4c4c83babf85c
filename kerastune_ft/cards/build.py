"""Gathers the card of a run from its files: as data, and as the Markdown that people and the Hub read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kerastune_ft.cards.licences import find_licence
from kerastune_ft.cards.limits import list_limits
from kerastune_ft.cards.markdown import write_markdown
from kerastune_ft.cards.metadata import describe_metadata
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.reporting import run_files
from kerastune_ft.reporting.findings.gather import list_findings
from kerastune_ft.reporting.page.redaction import choose_redaction
from kerastune_ft.reporting.run_files import RunFiles

README, DOCUMENT = "model/README.md", "model/card.json"
"""The files of a card in a run directory."""
_PRIVATE = "private data"
RUN = "run"
"""The form of a card that lies beside the model.keras of its run."""
_VERSION = 1
# By kind of labels: whether answers are probabilities.
_GIVES_PROBABILITIES = MappingProxyType(
    {"one": True, "several": True, "values": False, "mask": True, "boxes": False, "text": False}
)


@dataclass(frozen=True)
class Card:
    """A model card: `document` is card.json, `markdown` README.md."""

    document: Mapping[str, Any]
    markdown: str

    def to_json(self) -> str:
        """Return the text of card.json."""
        return json.dumps(self.document, indent=1, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown.split("---\n", 2)[-1]


def build_card(directory: Path, form: str = RUN, more: str = "") -> Card:
    """Return the card of the finished run in a directory; files are read only, and nothing is written.

    `form` is what the card lies beside: `run` for model.keras of the run, else the format of an export, which is opened
    by the predict.py beside it. `more` is Markdown that the card gets before its data, such as the table of an
    export. Where the configuration shows no examples, neither paths nor ids nor the name of the data are in it. Raises
    ConfigError for a directory that is no run.
    """
    run = run_files.read(directory)
    task, backbone = run.config["task"], run.config.get("backbone") or {}
    known = facts(task)
    inputs = _read_object(directory, "model/preprocessing.json")
    document: dict[str, Any] = {
        "version": _VERSION,
        "name": run.config["name"],
        "format": form,
        "task": task["kind"],
        "modality": known.modality,
        "labels": [] if run.plan.get("labels") is None else list(run.plan["labels"]["names"]),
        "gives_probabilities": _GIVES_PROBABILITIES[known.labels],
        "label_kind": known.labels,
        "backbone": _describe_backbone(run),
        "licence": vars(find_licence(backbone)),
        "inputs": inputs,
        "data": _describe_data(run),
        "phases": _list_phases(run),
        "refit": bool(run.config.get("refit")),
        "folds": _describe_folds(run),
        "metrics": _describe_metrics(run),
        "classes": {name: dict(figures) for name, figures in (run.results.classes or {}).items()},
        "calibration": _read_object(directory, "model/calibration.json") or None,
        "seed": run.config["seed"],
        "versions": dict(run.manifest.get("versions") or {}),
        "hashes": {
            name: about["sha256"]
            for name, about in (run.manifest.get("files") or {}).items()
            if name in ("model/model.keras", "config.json", "splits.csv")
        },
    }
    redact = choose_redaction(run.shows_examples, document["labels"], ())
    findings = [{**each, "text": redact(each["text"])} for each in list_findings(run)]
    document["limits"] = list_limits(document, findings)
    document["metadata"] = describe_metadata(document)
    return Card(document, write_markdown(document, more))


def describe_upload(name: str, folder: Path) -> str:
    """Return the command that publishes a folder with a card; it is said and never run."""
    return f"hf upload YOUR_NAME/{name} {shlex.quote(str(folder))} ."


def _read_object(directory: Path, name: str) -> dict[str, Any]:
    path = directory / name
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _describe_backbone(run: RunFiles) -> dict[str, Any]:
    """Return what the backbone is; a preset is named where it is one that others can have."""
    about, section = run.plan.get("backbone") or {}, run.config.get("backbone") or {}
    preset = str(section.get("preset") or "")
    can_be_had = preset.startswith("hf://") or (preset and "/" not in preset)
    return {
        "kind": section.get("kind"),
        "name": about.get("name"),
        "parameters": about.get("parameters"),
        "sha256": (about.get("transfer") or {}).get("sha256"),
        "preset": preset if can_be_had else None,
    }


def _describe_data(run: RunFiles) -> dict[str, Any]:
    data, section = run.plan.get("data") or {}, run.config["data"]
    redact = choose_redaction(run.shows_examples, data.get("classes") or (), ())
    return {
        "name": str(data.get("name") or _PRIVATE) if run.shows_examples else _PRIVATE,
        "kind": data.get("kind"),
        "examples": data.get("examples"),
        "sizes": dict(data.get("sizes") or {}),
        "counts": dict(data.get("counts") or {}),
        "values": dict(data.get("values") or {}),
        "grouped": section.get("group") is not None,
        "groups": {
            split: len(each) if isinstance(each, list | dict) else each for split, each in _groups(data).items()
        },
        "divided": _describe_division(section),
        "fingerprint": data.get("fingerprint"),
        "notes": [redact(note) for note in [*(data.get("notes") or ()), *(run.plan.get("notes_on_data") or ())]],
    }


def _groups(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return data.get("groups") or {}


def _describe_division(section: Mapping[str, Any]) -> str:
    """Return in words what divided the examples."""
    splits = section.get("splits")
    group = " so that no group is in two splits" if section.get("group") is not None else ""
    if not isinstance(splits, Mapping):
        return f"by the data's own splits where it has them, else at random{group}"
    ways = (
        ("column", "by a column of the table"),
        ("file", "as another run was"),
        ("fold", "as one fold of several"),
        ("folds", "into folds"),
    )
    return next((how for key, how in ways if splits.get(key) is not None), f"at random by shares{group}")


def _list_phases(run: RunFiles) -> list[dict[str, Any]]:
    """Return a row per phase of the schedule, with what came of it."""
    done = {phase["name"]: phase for phase in run.manifest.get("phases") or ()}
    return [
        {
            "name": phase["name"],
            "trains": list(phase["trains"]),
            "trainable_parameters": phase["trainable_parameters"],
            "frozen_parameters": phase["frozen_parameters"],
            "optimizer": phase["optimizer"],
            "learning_rate": (phase.get("learning_rate") or {}).get("peak"),
            "batch_size": phase["batch_size"],
            "augment": (phase.get("augment") or {}).get("preset"),
            **{
                key: (done.get(phase["name"]) or {}).get(key)
                for key in ("epochs", "steps", "best_epoch", "monitor", "stopped")
            },
            "frozen_unchanged": (done.get(phase["name"], {}).get("frozen") or {}).get("variables"),
        }
        for phase in run.plan.get("phases") or ()
    ]


def _describe_folds(run: RunFiles) -> dict[str, Any] | None:
    return {"folds": len(run.folds["members"]), "metrics": run.folds["metrics"]} if run.folds else None


def _describe_metrics(run: RunFiles) -> dict[str, dict[str, Any]]:
    """Return by split and metric the value, its interval of 95 %, and what the best constant answer has."""
    return {
        split: {
            name: {
                "value": value,
                "interval": run.intervals.get(split, {}).get(name),
                "constant": run.constant.get(split, {}).get(name),
            }
            for name, value in own.items()
            if value is not None
        }
        for split, own in run.metrics.items()
    }
