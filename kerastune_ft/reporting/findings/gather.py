"""Gathers what the rules of findings read from the files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerastune_ft.reporting import phase_results, run_files
from kerastune_ft.reporting.findings.banner import find_findings, set_beside_choice
from kerastune_ft.reporting.findings.evidence import Evidence
from kerastune_ft.reporting.run_files import RunFiles
from kerastune_ft.training.left_weights import is_discarded


def read_findings(directory: Path) -> list[dict[str, Any]]:
    """Return the findings of a run directory as JSON objects; see `list_findings`."""
    return list_findings(run_files.read(directory))


def list_findings(run: RunFiles) -> list[dict[str, Any]]:
    """Return the findings of a run as JSON objects with `name`, `level`, `text`, `advice` and `set`.

    A run that is not evaluated yet has none. Where its phases were chosen by measurement, keys are set in its own
    config.json, which has the phases.
    """
    found = [finding.to_json() for finding in find_findings(gather(run))] if run.metrics else []
    auto = run.config.get("auto")
    return found if auto is None else [{**each, "set": set_beside_choice(each["set"], auto)} for each in found]


def gather(run: RunFiles) -> Evidence:
    """Return the figures of a run that findings follow from."""
    results = phase_results.summarise_phases(run.plan, run.manifest, run.history)
    done = [phase for phase in run.manifest.get("phases") or () if phase.get("best_epoch")]
    sizes = (run.plan.get("data") or {}).get("sizes") or {}
    return Evidence(
        config=run.config,
        plan=run.plan,
        phases=[phase for phase in done if not is_discarded(phase)],
        discarded=[phase for phase in done if is_discarded(phase)],
        history=run.history,
        metrics=run.metrics,
        constant=run.constant,
        intervals=run.intervals,
        examples={**sizes, **run.measured_examples},
        classes=run.results.classes,
        better_phase=phase_results.find_better_phase(results, run.history),
        noise=phase_results.find_noise(run.plan, run.intervals.get("test") or {}, run.measured_examples),
    )
