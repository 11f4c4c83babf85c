"""The report of a run: one self-contained HTML page, and the same figures as plain data."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.metrics.document import groups_by_split
from kerastune_ft.metrics.unknown_counts import describe_unknown
from kerastune_ft.reporting import data_table, drawing, run_files
from kerastune_ft.reporting import phase_results as ran
from kerastune_ft.reporting.findings.banner import takes_own_config
from kerastune_ft.reporting.findings.gather import list_findings
from kerastune_ft.reporting.fold_lines import list_folds, list_means, list_times, name_columns
from kerastune_ft.reporting.head_lines import describe_layers
from kerastune_ft.reporting.page import curves, margin, phase_sections, redaction, shown_examples, templates, time_spent
from kerastune_ft.reporting.page.explanations import read_explanations
from kerastune_ft.reporting.plan_lines import describe_devices
from kerastune_ft.reporting.refit_lines import describe_refit
from kerastune_ft.reporting.reliability import section
from kerastune_ft.reporting.tracker_lines import list_trackers
from kerastune_ft.rules import FIRST, Rules
from kerastune_ft.training.versions import version_history

Spelling = Callable[[str], str]

_ROWS_AT_ONCE = 30


def render(run_directory: Path, damaged: str | None = None) -> str:
    """Return the report page of a run directory, which names files that do not exist yet and says what is damaged."""
    run = run_files.read(run_directory)
    found = _summarise(run, damaged)
    return templates.render(
        "report.html",
        **{name: value for name, value in found.items() if name != "reliability"},
        written=run_files.WRITTEN,
        fold_columns=name_columns(found["folds"]),
        curves=_draw_curves(run),
        has_unit_rates=any(len(set((phase.get("rates") or {}).values())) > 1 for phase in run.plan.get("phases") or ()),
        results_page=run.page,
        drawings=run.page.draw(run.results),
        proofs=_list_proofs(run),
        reliability=section.build_section(run.reliability),
        strips=ran.build_unit_strips(run.plan, run.manifest),
        phase_sections=phase_sections.build_sections(run.plan, found["phases"], _find_rules(run)),
        **_arrange_findings(found),
        shown_examples=(shown := shown_examples.read_examples(run)),
        view=shown_examples.describe_view(shown),
        explanations=read_explanations(run),
        contents=data_table.list_rows(run.plan.get("data") or {}, run.page.count_without_label(run.splits)),
        contents_heading=data_table.choose_heading(run.plan.get("data") or {}),
        rows_at_once=_ROWS_AT_ONCE,
        head_layers=describe_layers(
            run.plan.get("head") or {}, (run.plan.get("backbone") or {}).get("endpoints") or {}
        ),
        devices_said=describe_devices(found["environment"]["devices"]),
        config=json.dumps(_redact_config(run), indent=2, ensure_ascii=False),
    )


def summarise(run_directory: Path, damaged: str | None = None) -> dict[str, Any]:
    """Return the figures of the report as plain data: what `report --json` prints."""
    return _summarise(run_files.read(run_directory), damaged)


def _summarise(run: run_files.RunFiles, damaged: str | None) -> dict[str, Any]:
    manifest, plan = run.manifest, run.plan
    results = ran.summarise_phases(
        plan, manifest, run.history, ran.find_noise(plan, run.intervals.get("test") or {}, run.measured_examples)
    )
    time = time_spent.sum_time(run.events, [*results, *ran.list_refit(manifest), *list_times(run.folds)])
    ran.add_shares(results, time["whole"] if time and time["complete"] else None)
    say = redaction.choose_redaction(run.shows_examples, _list_known_words(run), _list_private_words(run))
    message = manifest.get("message")
    return {
        "name": plan.get("name") or run.config.get("name") or run.directory.name,
        "task": (run.config.get("task") or {}).get("kind"),
        "state": manifest.get("state", "not begun"),
        "exit_code": manifest.get("exit_code"),
        "message": say(message) if message else None,
        "started": manifest.get("started"),
        "updated": manifest.get("updated"),
        "seconds": sum(result["seconds"] or 0 for result in results) or None,
        "time": time,
        "phase": manifest.get("phase"),
        "epoch": manifest.get("epoch"),
        "metrics": {split: dict(measured) for split, measured in run.metrics.items()},
        "intervals": {split: dict(ends) for split, ends in run.intervals.items()},
        "measured_examples": dict(run.measured_examples),
        "refit": {**run.first, "text": refitted}
        if (refitted := describe_refit(run.plan, run.document, run.first))
        else None,
        "folds": list_folds(run.folds),
        "fold_means": list_means(run.folds),
        "unknown": [
            describe_unknown(split, found["examples"], found["unknown"])
            for split, found in (run.unknown.get("splits") or {}).items()
        ],
        "measured_groups": groups_by_split(run.document),
        "reliability": dict(run.reliability),
        "constant": {split: dict(measured) for split, measured in run.constant.items()},
        "before": {split: dict(measured) for split, measured in run.before.items()},
        "findings": list_findings(run),
        "margin": _describe_margin(run),
        "phases": results,
        "earlier_phase_better": ran.find_better_phase(results, run.history),
        "frozen": ran.list_frozen_checks(manifest),
        **{"classes": [], "confused": [], "targets": [], **run.page.summarise(run.results)},
        "data": _summarise_data(run, say),
        "backbone": _summarise_backbone(run, say),
        "environment": _summarise_environment(run),
        "notes": [say(note) for note in plan.get("notes") or () if note not in (plan.get("notes_on_data") or ())],
        "examples": run.shows_examples,
        "missing": run.missing,
        "damaged": damaged,
    }


def _find_rules(run: run_files.RunFiles) -> Rules:
    return Rules(run.manifest.get("rules", FIRST.version))


def _list_known_words(run: run_files.RunFiles) -> set[str]:
    """Return the quoted words that may always be printed: classes, phases, units, splits."""
    plan = run.plan
    data = plan.get("data") or {}
    units = [unit["id"] for unit in (plan.get("backbone") or {}).get("units") or ()]
    return {*run.results.names, *map(str, data.get("classes") or ()), *data.get("counts", ()), *units} | {
        str(phase["name"]) for phase in plan.get("phases") or ()
    }


def _list_private_words(run: run_files.RunFiles) -> set[str]:
    """Return words that must not be printed where examples are not shown: group ids and names of inputs."""
    return {text for row in run.splits for text in (row.get("group"), row.get("input")) if text}


def _describe_margin(run: run_files.RunFiles) -> dict[str, str] | None:
    """Return how the model compares with the best constant predictor on the test split, in words and as a verdict."""
    found = margin.list_margins(run.metrics.get("test") or {}, run.constant.get("test") or {})
    return margin.describe_margin(found, run.page.headlines, intervals=run.intervals.get("test"))


def _arrange_findings(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the findings below the banner, the one whose advice the banner has, and the banner's style.

    The banner says itself how the model compares with the constant predictor. It is green only without a warning.
    """
    by_name = {each["name"]: {**each, "takes_own_config": takes_own_config(each["set"])} for each in found["findings"]}
    against = by_name.pop("no_better_than_constant", None)
    by_name.pop("better_than_constant", None)
    has_warning = any(finding["level"] == "warning" for finding in by_name.values())
    styles = {"better": "" if has_warning else "good", "no better": "bad"}
    return {
        "shown_findings": list(by_name.values()),
        "against_constant": against,
        "margin_style": styles.get(found["margin"]["verdict"], "") if found["margin"] else "",
    }


def _summarise_data(run: run_files.RunFiles, say: Spelling) -> dict[str, Any]:
    data = run.plan.get("data") or {}
    skipped = data.get("skipped") or []
    return {
        "kind": data.get("kind"),
        "name": say(data["name"]) if data.get("name") else None,
        "examples": data.get("examples"),
        "labels": data_table.describe_labels(run.plan.get("labels") or {}),
        "sizes": data.get("sizes") or {},
        "counts": data.get("counts") or {},
        "values": data.get("values") or {},
        "groups": data.get("groups") or {},
        "fingerprint": data.get("fingerprint") or run.manifest.get("data_fingerprint"),
        "dialogues": data_table.describe_dialogues(run.plan),
        "answers": data_table.describe_answers(run.plan),
        "dialogue": ((run.plan.get("dialogues") or {}).get("example") or {}) if run.shows_examples else {},
        "notes": [say(note) for note in (*(data.get("notes") or ()), *(run.plan.get("notes_on_data") or ()))],
        "skipped_files": len(skipped),
        "skipped": [dict(file) for file in skipped] if run.shows_examples else [],
    }


def _summarise_backbone(run: run_files.RunFiles, say: Spelling) -> dict[str, Any]:
    backbone = run.plan.get("backbone") or {}
    transfer = dict(run.manifest.get("transfer") or backbone.get("transfer") or {})
    # Weights can come from a local file, whose path is removed like any other.
    if transfer.get("source"):
        transfer["source"] = say(transfer["source"])
    return {
        **{key: backbone.get(key) for key in ("kind", "name", "image_size", "parameters")},
        "weights": say(backbone["weights"]) if backbone.get("weights") else None,
        "units": len(backbone.get("units") or ()),
        "transfer": transfer,
        "head": dict(run.plan.get("head") or {}),
    }


def _summarise_environment(run: run_files.RunFiles) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "versions": dict(manifest.get("versions") or {}),
        "later_versions": list(manifest.get("later_versions") or ()),
        "version_history": version_history(manifest),
        "parts": dict(manifest.get("parts") or {}),
        "devices": dict(manifest.get("devices") or run.plan.get("devices") or {}),
        "seed": manifest.get("seed", run.plan.get("seed")),
        "config_hash": manifest.get("config_hash"),
        "trackers": list_trackers(manifest),
    }


def _draw_curves(run: run_files.RunFiles) -> dict[str, str] | None:
    if not run.history:
        return None
    draw = functools.partial(
        curves.draw_learning_curves,
        run_files.build_frame(run.history),
        run.manifest.get("phases") or [],
        run.plan.get("phases") or [],
    )
    return drawing.render_both(draw, "learning curves: loss, monitor metric and learning rate by epoch")


def _list_proofs(run: run_files.RunFiles) -> list[dict[str, str]]:
    """Return the hashes by which a run, its parts and its model are known, with what each is of."""
    manifest, plan = run.manifest, run.plan
    transfer = manifest.get("transfer") or (plan.get("backbone") or {}).get("transfer") or {}
    model = (manifest.get("files") or {}).get("model/model.keras") or {}
    found = {
        **{f"frozen in phase {row['phase']}": row["sha256"] for row in ran.list_frozen_checks(manifest)},
        "data: inputs, labels and what decides splits": (plan.get("data") or {}).get("fingerprint")
        or manifest.get("data_fingerprint"),
        "file of pretrained weights": transfer.get("sha256"),
        "pretrained variables": manifest.get("source_hash"),
        **{part.replace("_", " "): value for part, value in (manifest.get("parts") or {}).items()},
        "configuration": manifest.get("config_hash"),
        "model/model.keras": model.get("sha256"),
    }
    return [{"of": name, "hash": str(value)} for name, value in found.items() if value]


def _redact_config(run: run_files.RunFiles) -> Any:
    return run.config if run.shows_examples else redaction.withhold_paths(run.config)
