"""Exports a run whose model writes texts, and compares its scores with the run's before it is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.options.task_facts import SPEECH
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting import document as documents
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.language import numpy_scores, reopen
from kerastune_ft.exporting.language.adapters import FILE, SCRIPT, write_adapters
from kerastune_ft.exporting.language.speech_preset import ScoredSpeech, make_rows
from kerastune_ft.exporting.language.tokenizer_files import write_tokenizer
from kerastune_ft.exporting.language.transformers_weights import convert
from kerastune_ft.exporting.place import DOCUMENT, identify_run, list_sizes, make_folder, refuse_other
from kerastune_ft.exporting.samples.base import choose_samples
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import open_serving
from kerastune_ft.training.evaluation.run_source import open_own_data
from kerastune_ft.training.watch import Watcher

_SAMPLES = 4
_SPLITS = ("test", "validation", "train")
# As a share of the largest score of an example.
_TOLERANCE = 1e-3
_SETTINGS = ("dialogues", "pairs", "speech")
"""The attributes of a saved form that hold the settings of its rows."""
_BLOCKED = ("kerastune_ft",)
_PACKAGES = ("kerastune_ft", "tensorflow", "keras", "keras-hub", "safetensors")

Row = tuple[Mapping[str, Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Written:
    """The model of a run, and real examples with its scores."""

    run: RunDirectory
    config: RunConfig
    plan: Mapping[str, Any]
    task: Any
    """keras-hub's own model with its tokenizer."""
    settings: Any
    """The lengths, the template and the tokenizer of its rows."""
    rows: Sequence[Row]
    scores: Sequence[np.ndarray]
    split: str

    @property
    def class_name(self) -> str:
        """Return the name of the class of keras-hub that opens a preset of it."""
        return str(getattr(self.task, "class_name", type(self.task).__name__))

    @property
    def tokenizer(self) -> Any:
        """Return the tokenizer of the rows."""
        return self.settings.given.tokenizer


@dataclass(frozen=True)
class Made:
    """What a format wrote, its scores of the same examples, and how it is used."""

    what: str
    file: str
    scores: Sequence[np.ndarray]
    use: str
    more: Mapping[str, Any] = field(default_factory=dict)


def export_writer(
    run: RunDirectory, config: RunConfig, format_name: str, place: Path, options: ExportOptions, watch: Watcher
) -> dict[str, Any]:
    """Write an export of a finished run whose model writes texts and return its document.

    Raises ConfigError for a format that cannot hold it, and PromiseError where what was written gives other scores.
    """
    formats = _OF_SPEECH if config.modality == SPEECH else tuple(_FORMATS)
    if format_name not in formats:
        raise ConfigError(
            f"--format: a run of {config.task.kind} is exported as {' or '.join(formats)}; its own model/model.keras "
            "is keras-hub's model, which `keras.models.load_model` opens"
        )
    plan = run.read_json("plan.json")
    refuse_other(place, identify_run(run, config.name))
    written = _open(run, config, plan, options.samples or _SAMPLES, watch)
    with make_folder(place) as folder:
        watch.note(f"writing {format_name} of {run}")
        made = _FORMATS[format_name](written, folder)
        compared = _compare(written, made)
        document = _describe(written, format_name, made, compared)
        (folder / "README.md").write_text(_explain(written, made, document), "utf-8")
        document["files"] = list_sizes(folder)
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return document


def _open(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], count: int, watch: Watcher) -> Written:
    serving: Any = open_serving(run, config, plan)
    is_speech = config.modality == SPEECH
    settings = next(found for name in _SETTINGS if (found := getattr(serving, name, None)) is not None)
    split = next(split for split in _SPLITS if plan["data"]["sizes"].get(split))
    source = open_own_data(run, config, split, plan, watch)
    rows = serving.samples(source, choose_samples(source.splits[split], count))
    task: Any = ScoredSpeech(serving.body, settings.given.tokenizer, settings.limit) if is_speech else serving.model()
    rows = make_rows(serving, rows) if is_speech else rows
    scores = [np.asarray(task(dict(inputs), training=False), np.float32) for inputs, _ in rows]
    return Written(run, config, plan, task, settings, rows, scores, split)


def _write_preset(written: Written, folder: Path) -> Made:
    task, name = written.task, written.class_name
    target = folder / "preset"
    _save(task, target)
    scores = _reopen(written, target)
    more: dict[str, Any] = {}
    base = written.config.backbone
    if isinstance(base, KerasHub) and base.preset is not None:
        about = write_adapters(written.run, written.plan, task.backbone, folder)
        if about is not None:
            _refuse_others(written, _reopen(written, _find_base(base.preset), folder), "the preset with its adapters")
            more = {"adapters": {"file": FILE, "script": SCRIPT, "base": base.preset, "number": len(about["adapters"])}}
    # A tokenizer of bytes has no preprocessor of keras-hub.
    asks = 'model.generate("...")' if task.preprocessor is not None else "model.generate(tokens, stop_token_ids=None)"
    use = (
        getattr(task, "use", None)
        or f'import keras_hub\n\nmodel = keras_hub.models.{name}.from_preset("preset")\nprint({asks})'
    )
    return Made(f"keras_hub.models.{name}.from_preset({target.name!r})", target.name, scores, use, more)


def _save(task: Any, target: Path) -> None:
    try:
        with without_warnings_of_keras():
            task.save_to_preset(str(target))
    except AttributeError:
        # keras-hub 0.26 writes the preprocessor last, and takes it for granted; what was written is compared anyway.
        if task.preprocessor is not None:
            raise


def _find_base(preset: str) -> Path | str:
    import keras_hub

    from kerastune_ft.backbones.hub.presets import locate

    return locate(preset, keras_hub.models.Backbone.presets)


def _reopen(written: Written, preset: Path | str, adapters: Path | None = None) -> list[np.ndarray]:
    """Return the scores of a preset in a process of its own, without this package."""
    with tempfile.TemporaryDirectory() as name:
        own = Path(name)
        given: dict[str, Any] = {
            f"{n}/{key}": np.asarray(each) for n, (row, _) in enumerate(written.rows) for key, each in row.items()
        }
        np.savez(own / "given.npz", **given)
        job = {
            "preset": str(preset),
            "class": written.class_name,
            "hidden": getattr(written.task, "hidden", None),
            "has_tokenizer": written.task.preprocessor is not None and adapters is None,
            "names": list(written.rows[0][0]),
            "given": str(own / "given.npz"),
            "scores": str(own / "scores.npz"),
            "rows": len(written.rows),
            "blocked": list(_BLOCKED),
            "adapters": None if adapters is None else str(adapters / FILE),
            "script": None if adapters is None else str(adapters / SCRIPT),
        }
        (own / "job.json").write_text(json.dumps(job), "utf-8")
        words = [sys.executable, "-P", str(reopen.__file__), str(own / "job.json")]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise PromiseError(f"the preset cannot be opened in a process of its own: {last}; nothing was written")
        with np.load(own / "scores.npz") as file:
            return [file[str(number)] for number in range(len(written.rows))]


def _write_transformers(written: Written, folder: Path) -> Made:
    from safetensors.numpy import save_file

    config, tensors = convert(written.task.backbone)
    tokenizer = written.tokenizer
    for name in ("bos", "eos", "pad"):
        number = getattr(tokenizer, f"{_OWN_NAMES[name]}_token_id", None)
        config[f"{name}_token_id"] = None if number is None else int(number)
    config["torch_dtype"] = "float32"
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")
    save_file(
        {name: np.ascontiguousarray(value) for name, value in tensors.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    (folder / "model.safetensors").chmod(0o644)
    template = getattr(written.settings, "template", None)
    for name, content in write_tokenizer(tokenizer, template, int(written.settings.limit)).items():
        (folder / name).write_bytes(content)
    tokens = [[int(each) for each in np.asarray(row["token_ids"])[0]] for row, _ in written.rows]
    scores = [each[np.newaxis].astype(np.float32) for each in numpy_scores.score(folder, tokens)]
    use = (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'model = AutoModelForCausalLM.from_pretrained("FOLDER")\ntokenizer = AutoTokenizer.from_pretrained("FOLDER")'
    )
    return Made(f"{config['architectures'][0]} of transformers", "model.safetensors", scores, use)


_OWN_NAMES = {"bos": "start", "eos": "end", "pad": "pad"}
_FORMATS: Mapping[str, Callable[[Written, Path], Made]] = MappingProxyType(
    {"preset": _write_preset, "transformers": _write_transformers}
)

_OF_SPEECH = ("preset",)


def _differences(written: Written, scores: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the largest difference of scores of tokens that are no padding, and the largest score."""
    differences, sizes = [], []
    for (row, _), own, other in zip(written.rows, written.scores, scores, strict=True):
        mask = np.asarray(row[next(name for name in reversed(list(row)) if name.endswith("padding_mask"))])[0] > 0
        differences.append(np.abs(own[0][mask] - other[0][mask]).max())
        sizes.append(np.abs(own[0][mask]).max())
    # NumPy's maximum is NaN where one is, which no tolerance allows.
    return float(np.max(differences)), float(np.max(sizes))


def _refuse_others(written: Written, scores: Sequence[np.ndarray], whose: str) -> tuple[float, float]:
    """Return the largest difference and what is allowed; raise PromiseError above that."""
    largest, size = _differences(written, scores)
    if not largest <= _TOLERANCE * size:
        raise PromiseError(
            f"{whose} gives other scores than the run: by up to {largest:.2g}, and at most {_TOLERANCE * size:.2g} is "
            "allowed; nothing was written"
        )
    return largest, _TOLERANCE * size


def _compare(written: Written, made: Made) -> dict[str, Any]:
    largest, tolerance = _refuse_others(written, made.scores, "the export")
    return {
        "samples": len(written.rows),
        "split": written.split,
        "largest_difference": largest,
        "unit": "of a score",
        "tolerance": tolerance,
        "flips": None,
        "score": "perplexity",
        "run": _perplexity(written, written.scores),
        "export": _perplexity(written, made.scores),
    }


def _perplexity(written: Written, scores: Sequence[np.ndarray]) -> float:
    """Return the perplexity of the tokens that are learnt of the examples."""
    loss, count = 0.0, 0.0
    for (_, targets), found in zip(written.rows, scores, strict=True):
        values = found[0].astype(np.float64)
        logs = values - values.max(-1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(-1, keepdims=True))
        labels, weights = np.asarray(targets["labels"])[0], np.asarray(targets["weights"])[0]
        loss -= float((logs[np.arange(len(labels)), labels] * weights).sum())
        count += float(weights.sum())
    return float(np.exp(loss / max(count, 1.0)))


def _describe(written: Written, format_name: str, made: Made, compared: Mapping[str, Any]) -> dict[str, Any]:
    config = written.config
    return {
        "version": documents.VERSION,
        "format": format_name,
        "name": config.name,
        "modality": config.modality,
        "task": config.task.kind,
        "labels": "text",
        "run": identify_run(written.run, config.name),
        "endpoints": [{"name": format_name, "what": made.what, "file": made.file, "inputs": [], "outputs": []}],
        "headlines": [],
        "versions": {name: metadata.version(name) for name in _PACKAGES},
        "compared": dict(compared),
        "latency": {},
        "use": made.use,
        **made.more,
    }


def _explain(written: Written, made: Made, document: Mapping[str, Any]) -> str:
    """Return the README of an export."""
    whose = "model" if isinstance(written.task, ScoredSpeech) else "model.backbone"
    lines = [f"# {written.config.name}", "", f"`{made.file}`: {made.what}.", "", "```python", made.use, "```", ""]
    if adapters := document.get("adapters"):
        lines += [
            f"`{adapters['file']}` has what training changed of `{adapters['base']}`: {adapters['number']} adapters, "
            "and whatever else trained. On that preset it gives the same model:",
            "",
            "```python",
            "import keras_hub, apply_adapters",
            "",
            f"model = keras_hub.models.{written.class_name}.from_preset(",
            f'    "{adapters["base"]}", dtype="float32"',
            ")",
            f'apply_adapters.apply({whose}, "{adapters["file"]}")',
            "```",
            "",
        ]
    rows = [f"| {row['figure']} | {row['value']} |" for row in documents.build_rows({**document, "files": {}})]
    return "\n".join([*lines, "| figure | value |", "|---|---|", *rows[1:], ""])
