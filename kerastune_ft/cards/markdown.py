"""The text of a model card, below its YAML head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.cards.loading import write_export_loading, write_loading
from kerastune_ft.cards.metadata import write_head
from kerastune_ft.reporting.quantities import (
    format_count,
    format_figure,
    format_interval,
    format_plain,
    format_rate,
    format_words,
    is_number,
)
from kerastune_ft.reporting.reliability.words import name_split
from kerastune_ft.wording import counted

# Of more classes the card has the least known ones.
_CLASSES_SHOWN = 20
_NAMED = 8
_RUN = "run"


def write_markdown(document: Mapping[str, Any], more: str = "") -> str:
    """Return README.md from card.json; `more` stands before the data."""
    parts = [
        _write_summary(document),
        _write_use(document),
        _write_results(document),
        more.strip(),
        _write_data(document["data"]),
        _write_training(document),
        "## Limits\n\n" + "\n".join(f"- {_escape(sentence)}" for sentence in document["limits"]),
        f"## Licence\n\n{_escape(document['licence']['sentence'])}",
        _write_versions(document),
    ]
    return write_head(document["metadata"]) + "\n" + "\n\n".join(part for part in parts if part) + "\n"


def _write_summary(document: Mapping[str, Any]) -> str:
    backbone, labels = document["backbone"], document["labels"]
    named = ", ".join(map(_escape, labels[:_NAMED])) + (f" and {len(labels) - _NAMED} more" if labels[_NAMED:] else "")
    named = f": {named}" if named else ""
    size = f" ({format_count(backbone['parameters'])} parameters)" if backbone["parameters"] else ""
    trained = document["data"]["sizes"].get("train")
    return (
        f"# {_escape(document['name'])}\n\nA model for {document['task'].replace('_', ' ')}{named}. "
        f"{_escape(str(backbone['name']))}{size}, fine-tuned on {counted(trained or 0, 'example')} by kerastune_ft."
    )


def _write_use(document: Mapping[str, Any]) -> str:
    inputs = document["inputs"]
    if document["format"] == _RUN:
        code = write_loading(document["modality"], document["label_kind"], inputs)
        words = "The model is `model.keras`; all it needs is Keras with TensorFlow, and the files beside it."
    else:
        code, given = write_export_loading(document["modality"], inputs), "TABLE" if "inputs" in inputs else "INPUT"
        words = (
            f"The model is in the format `{document['format']}`; from the command line: `python predict.py {given}`."
        )
    takes = f"It takes: {_escape(str(inputs['input']))}. " if "input" in inputs else ""
    gives = f"It gives: {_escape(str(inputs['output']))}." if "output" in inputs else ""
    return f"## How to use\n\n{words}\n\n```python\n{code}\n```\n\n{takes}{gives}".rstrip()


def _write_results(document: Mapping[str, Any]) -> str:
    found = ["## Results"]
    has_constant = any(each["constant"] is not None for own in document["metrics"].values() for each in own.values())
    head = ("metric", "value", "95 %", *(["the best constant answer"] if has_constant else []))
    for split, figures in document["metrics"].items():
        rows = [
            (
                format_words(name),
                format_figure(about["value"]),
                format_interval(about["interval"]) if about["interval"] else "",
                format_figure(about["constant"]) if is_number(about["constant"]) else "",
            )
            for name, about in figures.items()
        ]
        found.append(f"On {format_words(split)}:\n\n" + _write_table(head, [row[: len(head)] for row in rows]))
    if document["folds"]:
        found.append(
            f"It is an ensemble: the mean of {counted(document['folds']['folds'], 'model')}, one of each fold."
        )
    found += _write_classes(document["classes"])
    if document["calibration"]:
        found.append(_describe_calibration(document["calibration"], document["format"]))
    return "\n\n".join(found)


def _write_classes(classes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not classes:
        return
    columns = list(next(iter(classes.values())))
    shown = sorted(classes.items(), key=lambda item: _read_worst(item[1], columns))[:_CLASSES_SHOWN]
    more = f", the {_CLASSES_SHOWN} least known of {len(classes)}" if len(classes) > _CLASSES_SHOWN else ""
    rows = [(_escape(name), *(_format(figures.get(column)) for column in columns)) for name, figures in shown]
    yield f"By class on test{more}:\n\n" + _write_table(("class", *map(format_words, columns)), rows)


def _read_worst(figures: Mapping[str, Any], columns: Sequence[str]) -> float:
    """Return the figure that classes are sorted by: the last but the number of examples."""
    values = [figures[column] for column in columns if is_number(figures.get(column)) and column != "examples"]
    return float(values[-1]) if values else 0.0


def _describe_calibration(calibration: Mapping[str, Any], form: str) -> str:
    if not calibration.get("fitted", True):
        return "Validation told no temperature, and none is used: its probabilities are not calibrated."
    temperature = calibration.get("temperature")
    said = f" (temperature {temperature:.3g})" if is_number(temperature) else ""
    by = f", to answers of {chooser}" if (chooser := calibration.get("chosen_by")) else ""
    split = name_split(calibration.get("chosen_on") or "validation")
    place = (
        "it is in `calibration.json`" if form == _RUN else "`calibrated` in `export.json` says if it is in the model"
    )
    return f"A temperature was fitted on {split}{by}{said}; {place}."


def _write_data(data: Mapping[str, Any]) -> str:
    found = [
        f"## Data\n\n{_escape(data['name'])}: {counted(data['examples'] or 0, 'example')}, divided {data['divided']}. "
        f"Fingerprint `{str(data['fingerprint'])[:16]}`."
    ]
    splits = list(data["sizes"])
    names = list(dict.fromkeys(name for each in data["counts"].values() for name in each))[:_CLASSES_SHOWN]
    rows = [(_escape(name), *(str(data["counts"].get(split, {}).get(name, 0)) for split in splits)) for name in names]
    rows.append(("examples", *(str(data["sizes"][split]) for split in splits)))
    found.append(_write_table(("", *splits), rows))
    for split, targets in data["values"].items():
        if not targets:
            continue
        found.append(
            "; ".join(
                f"{_escape(name)} on {split}: mean {format_plain(about['mean'])}, {format_plain(about['smallest'])} to "
                f"{format_plain(about['largest'])}"
                for name, about in targets.items()
            )
            + "."
        )
    found += ["\n".join(f"- {_escape(note)}" for note in data["notes"])] if data["notes"] else []
    return "\n\n".join(found)


def _write_training(document: Mapping[str, Any]) -> str:
    rows = [
        (
            _escape(phase["name"]),
            _name_units(phase["trains"]),
            format_count(phase["trainable_parameters"]),
            f"{phase['epochs']} (best: {phase['best_epoch']})" if phase["best_epoch"] else str(phase["epochs"] or ""),
            str(phase["steps"] or ""),
            str(phase["optimizer"]),
            format_rate(phase["learning_rate"]) if is_number(phase["learning_rate"]) else "",
            str(phase["batch_size"]),
        )
        for phase in document["phases"]
    ]
    head = ("phase", "trains", "parameters", "epochs", "steps", "optimizer", "peak rate", "batch")
    words = [
        f"In phases, each from the best epoch of the one before; seed {document['seed']}. What a phase does not train "
        "was bit-identical after it, by SHA-256 of every variable."
    ]
    if document["refit"]:
        words.append("Then all of it again, for the epochs that validation chose, on training and validation together.")
    table = [_write_table(head, rows)] if rows else []
    return "\n\n".join(["## Training", " ".join(words), *table])


def _name_units(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{names[0]} to {names[-2]}, {names[-1]}"


def _write_versions(document: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items() if version)
    model = document["hashes"].get("model/model.keras")
    digest = f" SHA-256 of `model.keras` of the run: `{model[:16]}`." if model else ""
    return f"## Versions\n\n{versions}.{digest}"


def _write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _format(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    return format_figure(value) if is_number(value) else ""


def _escape(text: str) -> str:
    """Return a text that is no markup, and no cell of a table of its own."""
    clean = " ".join(str(text).split())
    for mark in ("\\", "|", "*", "_", "<", "`", "#", "["):
        clean = clean.replace(mark, f"\\{mark}")
    return clean
