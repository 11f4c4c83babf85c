"""Exports a run: writes a format, compares it with the run in a process of its own, measures it, and keeps it then."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.cards.build import build_card
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting import document as documents
from kerastune_ft.exporting.answers.base import Compared, Samples
from kerastune_ft.exporting.check import compare_answers, refuse_difference, refuse_size
from kerastune_ft.exporting.formats.base import ExportOptions, Format, load_format, refuse_quantize
from kerastune_ft.exporting.graphs.base import Graphs
from kerastune_ft.exporting.graphs.build import open_graphs
from kerastune_ft.exporting.language.export import export_writer
from kerastune_ft.exporting.loss import refuse_loss
from kerastune_ft.exporting.place import DOCUMENT, identify_run, list_sizes, make_folder, refuse_other
from kerastune_ft.exporting.process import BATCHES, ExportProcess
from kerastune_ft.exporting.readme import write_section
from kerastune_ft.exporting.samples.base import choose_samples, count_most, find_truths, load_sampling, name_samples
from kerastune_ft.exporting.script_table import FILE, find_script, list_beside, read_script
from kerastune_ft.inference.output.form import OutputForm
from kerastune_ft.inference.predict import predict
from kerastune_ft.metrics.document import metrics_by_split
from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.run_source import open_own_data
from kerastune_ft.training.watch import Watcher

# Examples that are compared, and points that smaller weights may lose, where nobody says.
_SAMPLES, _MOST_LOST = 100, 1.0
_MEASURED = max(BATCHES)
_SPLITS = ("test", "validation", "train")
# What smaller weights lose is measured on what choices are made by.
_SPLITS_OF_LOSS = ("validation", "test", "train")
_PACKAGES = ("kerastune_ft", "tensorflow", "keras", "keras-hub", "tf2onnx", "onnx", "onnxruntime", "ai-edge-litert")


@dataclass(frozen=True)
class SampleSet:
    """Real examples of a run, with the run's own answers."""

    inputs: Sequence[Any]
    """In the form in which users give them."""
    arguments: Sequence[str]
    """What predict.py is given on the command line for all of them."""
    about: Samples
    rows: Sequence[Mapping[str, Any]]
    split: str


def export(
    run: RunDirectory, config: RunConfig, format_name: str, place: Path, options: ExportOptions, watch: Watcher
) -> dict[str, Any]:
    """Write an export of a finished run to a folder and return its document.

    Raises ConfigError for a format that does not exist, lacks packages or cannot hold the run, and for a place that has
    something else in it; PromiseError where the export does not answer as the run does. Nothing is left behind then.
    """
    chosen = load_format(format_name)
    refuse_quantize(format_name, options.quantize)
    if facts(config.task).writes:
        return export_writer(run, config, format_name, place, options, watch)
    if facts(config.task).hides_words:
        raise ConfigError(
            f"runs of {config.task.kind} cannot be exported: what they learnt is of use to a run on labels that begins "
            f"with it, which can; {run}/model/model.keras itself opens with keras and keras_hub"
        )
    plan = run.read_json("plan.json")
    refuse_other(place, identify_run(run, config.name))
    graphs = open_graphs(run, config, plan, options.calibrated)
    script = find_script(format_name, graphs.choose_form(chosen.INPUTS))
    with make_folder(place) as folder, tempfile.TemporaryDirectory() as own:
        watch.note(f"writing {format_name} of {run}")
        endpoints = chosen.write(graphs, folder, options)
        weights = sum(4 * int(np.prod(each.shape)) for each in graphs.model.variables)
        refuse_size(sum(list_sizes(folder, chosen.BESIDE).values()), weights)
        _write_files(graphs, chosen.INPUTS, script, folder)
        samples = _take_samples(run, config, plan, options, Path(own), watch)
        process = ExportProcess(folder, chosen.RUNTIME)
        watch.note(f"comparing with the run on {len(samples.rows)} {samples.split} examples, in a process of its own")
        scheme = graphs.serving.task.scheme
        has_masks = graphs.serving.task.predicts_masks
        is_smaller = options.quantize is not None
        decisions = graphs.answers()
        about = replace(samples.about, thresholds=decisions["thresholds"], unknown=decisions["unknown"])
        compared = compare_answers(process, samples.arguments, samples.rows, about, scheme, has_masks, is_smaller)
        judged = _judge(compared, samples, chosen, options)
        made = _describe(run, config, graphs, format_name, script, endpoints) | {
            "runtime": list(chosen.RUNTIME),
            **judged,
            "calibrated": options.calibrated,
            "latency": process.measure(samples.inputs[:_MEASURED]),
            "measured_sizes": load_sampling(config.modality).measure_sizes(samples.inputs[:_MEASURED]),
        }
        made["files"] = list_sizes(folder)
        card = build_card(run.path, format_name, write_section(made))
        (folder / "README.md").write_text(card.markdown, "utf-8")
        (folder / "card.json").write_text(card.to_json(), "utf-8")
        made["files"] = list_sizes(folder)
        _write_json(folder / DOCUMENT, made)
    return made


def _judge(compared: Compared, samples: SampleSet, chosen: Format, options: ExportOptions) -> dict[str, Any]:
    """Return what export.json says of the comparison; raise PromiseError where the export is not to be kept."""
    if options.quantize is not None:
        lost = refuse_loss(
            compared, samples.split, options.quantize, _MOST_LOST if options.max_loss is None else options.max_loss
        )
        return {"compared": documents.describe_comparison(compared, samples.split, None), "quantized": lost}
    tolerance = max(chosen.TOLERANCE * compared.scale, compared.least_tolerance)
    refuse_difference(compared, samples.about, tolerance)
    return {"compared": documents.describe_comparison(compared, samples.split, tolerance)}


def _write_files(graphs: Graphs, inputs: str, script: str, folder: Path) -> None:
    _write_json(folder / "labels.json", list(graphs.serving.task.scheme.names))
    _write_json(folder / "preprocessing.json", graphs.preprocessing(inputs))
    (folder / FILE).write_bytes(read_script(script))
    for name, content in (list_beside(script) | graphs.files(inputs)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _take_samples(
    run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], options: ExportOptions, folder: Path, watch: Watcher
) -> SampleSet:
    """Return examples of the run's test split, and of others where it is too small, with what the run answers."""
    known = facts(config.task)
    sizes: Mapping[str, int] = plan["data"]["sizes"]
    order = _SPLITS if options.quantize is None else _SPLITS_OF_LOSS
    wanted = options.samples or _SAMPLES if options.quantize is None else count_most(known.labels)
    first = next(split for split in order if sizes.get(split))
    source = open_own_data(run, config, first, plan, watch)
    indices: list[int] = []
    splits = []
    for split in order if options.quantize is None else (first,):
        if len(indices) < wanted and len(source.splits.get(split, ())):
            indices += choose_samples(source.splits[split], wanted - len(indices))
            splits.append(split)
    sampling = load_sampling(config.modality)
    inputs = sampling.give(source, indices, config.data, folder)
    asked, form = sampling.ask(inputs, folder), OutputForm(calibrated=options.calibrated)
    rows = [row for batch in predict(run, config, asked, None, None, watch, form).batches for row in batch]
    names = name_samples(source, indices, config.output.examples)
    about = Samples(names, find_truths(source, indices, known.labels))
    return SampleSet(inputs, sampling.pass_on(inputs, folder), about, rows, " and ".join(splits))


def _describe(
    run: RunDirectory, config: RunConfig, graphs: Graphs, format_name: str, script: str, endpoints: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what export.json says beside figures."""
    metrics = metrics_by_split(run.read_json("metrics.json")) if run.exists("metrics.json") else {}
    measured = {
        f"{split}_{name}": value
        for split, figures in metrics.items()
        for name, value in figures.items()
        if value is not None
    }
    scheme: LabelScheme = graphs.serving.task.scheme
    return {
        "version": documents.VERSION,
        "format": format_name,
        "script": script,
        "name": config.name,
        "modality": config.modality,
        "task": config.task.kind,
        "labels": scheme.kind,
        "run": identify_run(run, config.name),
        "endpoints": endpoints,
        "headlines": [
            (name, measured[name]) for split in _SPLITS if (name := find_headline(measured, split)) is not None
        ],
        "versions": {name: version for name in _PACKAGES if (version := _find_version(name)) is not None},
    }


def _find_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
