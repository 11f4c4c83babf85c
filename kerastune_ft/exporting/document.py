"""The document of an export, export.json, and the rows of its table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.answers.base import Compared
from kerastune_ft.exporting.place import DOCUMENT
from kerastune_ft.wording import counted

VERSION = 1


def describe_comparison(compared: Compared, split: str, tolerance: float | None) -> dict[str, Any]:
    """Return what export.json says of the comparison with the run; without a tolerance only what is lost decides."""
    return {
        "samples": len(compared.differences),
        "split": split,
        "largest_difference": compared.largest,
        "unit": compared.unit,
        "tolerance": tolerance,
        "flips": None if compared.flips is None else [flip.to_json() for flip in compared.flips],
        "score": compared.score,
        "run": compared.of_run,
        "export": compared.of_export,
        **({} if compared.distance is None else {"distance": compared.distance, "unknown_flips": compared.unknown}),
    }


def read_document(folder: Path) -> dict[str, Any]:
    """Return the export.json of a folder; raise ConfigError where it is no export, or of a later version."""
    try:
        found = json.loads((folder / DOCUMENT).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{folder} is no export: it has no {DOCUMENT}") from error
    except ValueError as error:
        raise ConfigError(f"{folder / DOCUMENT} is damaged ({error}); export the run again") from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ConfigError(f"{folder / DOCUMENT} is not of a version that this program reads; export the run again")
    return found


def build_rows(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the table of an export: a row per figure, in words."""
    compared, latency = document["compared"], document["latency"]
    flips = compared["flips"]
    rows = {
        "size": f"{sum(document['files'].values()) / 1e6:.2f} MB in {counted(len(document['files']), 'file')}",
        **{
            f"latency, batch of {size}": f"{each['cpu_ms']:.2f} ms CPU, {each['wall_ms']:.2f} ms wall"
            for size, each in latency.items()
        },
        "largest difference": f"{compared['largest_difference']:.2g} {compared['unit']}"
        + ("" if compared["tolerance"] is None else f" (at most {compared['tolerance']:g})"),
        **({} if flips is None else {"flips": f"{len(flips)}"}),
        **_describe_distance(compared),
        "compared on": f"{compared['samples']} examples ({compared['split']})",
        compared["score"]: f"{compared['export']:.4g} on them (the run's {compared['run']:.4g})",
        **_describe_smaller(document),
        **{name.replace("_", " "): f"{value:.4g} of the run" for name, value in document["headlines"]},
    }
    return [{"figure": name, "value": value} for name, value in rows.items()]


def list_flips(document: Mapping[str, Any]) -> Sequence[str]:
    """Return a sentence for each sample to which run and export give different labels."""
    return [
        f"{flip['sample']}: {flip['run']} by the run, {flip['export']} by the export ({flip['gap']:.2g} apart)"
        for flip in document["compared"]["flips"] or ()
    ]


def _describe_smaller(document: Mapping[str, Any]) -> dict[str, str]:
    if (found := document.get("quantized")) is None:
        return {}
    loss = f"{found['loss']:.2f} points of {document['compared']['score']} lost"
    return {"weights": f"{found['how']}: {loss} (at most {found['max_loss']:g})"}


def _describe_distance(compared: Mapping[str, Any]) -> dict[str, str]:
    if "distance" not in compared:
        return {}
    return {"distance": f"{compared['distance']:.2g} apart at most, {compared['unknown_flips']} more or fewer unknown"}
