"""Writing a configuration to start from, in which each choice is commented with its reason."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config import schema
from kerastune_ft.config.documents import files
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import OUT_OF_SPACE, ConfigError
from kerastune_ft.notebook.speech import speak
from kerastune_ft.scaffolding.adapt import OWN, propose_adaptation
from kerastune_ft.scaffolding.json_text import as_text
from kerastune_ft.scaffolding.measured import Rank, with_measured_backbone
from kerastune_ft.scaffolding.measured_rows import Measure, may_measure, with_measured_rows
from kerastune_ft.scaffolding.propose import Proposal, Wishes, name_of, path_from, propose
from kerastune_ft.scaffolding.wishes import read_schedule
from kerastune_ft.storage import expand_home, explain_unreachable, path_of_user
from kerastune_ft.wording import encode_text

_SCHEMA = "schema.json"
_CLASSES_SHOWN = 12


@dataclass(frozen=True, repr=False)
class Scaffolded:
    """The result of `init`: the file written, the facts found, and questions for the user."""

    config: Path
    schema: Path | None
    """The schema written beside it; None if a file of that name already existed."""
    task: str | None
    examples: int | None
    counts: Mapping[str, int]
    """Examples by class or label."""
    seen: tuple[str, ...]
    asks: tuple[str, ...]
    """Questions that only the user can answer."""
    first: tuple[Path, str] | None = None
    """The configuration of a run that comes before, and the directory that it is to have; None where there is none."""

    @property
    def next(self) -> list[str]:
        """The commands to run next."""
        name = shlex.quote(str(self.config))
        if self.first is not None:
            # What is planned, or checked, begins with the model of the first run.
            before, run = (shlex.quote(str(each)) for each in self.first)
            return [
                f"python -m kerastune_ft plan {before}",
                f"python -m kerastune_ft run {before} --run-dir {run}",
                f"python -m kerastune_ft run {name}",
            ]
        return [f"python -m kerastune_ft {command} {name}" for command in ("check", "plan", "run")]

    def to_json(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "config": str(self.config),
            "first": None if self.first is None else str(self.first[0]),
            "schema": None if self.schema is None else str(self.schema),
            "task": self.task,
            "examples": self.examples,
            "counts": dict(self.counts),
            "seen": list(self.seen),
            "asks": list(self.asks),
            "next": self.next,
        }

    def __str__(self) -> str:
        beside = "" if self.schema is None else f", and {self.schema} beside it for editors"
        both = "" if self.first is None else f"{self.first[0]} and "
        lines = [f"wrote {both}{self.config}{beside}"]
        if self.task is not None:
            lines.append(f"{self.task}: {self.examples:,} examples" + (" by class:" if self.counts else ""))
        width = max((len(name) for name in self.counts), default=0)
        largest = sorted(self.counts.items(), key=lambda item: -item[1])
        lines += [f"  {name:<{width}}  {count:>9,}" for name, count in largest[:_CLASSES_SHOWN]]
        if len(largest) > _CLASSES_SHOWN:
            lines.append(f"  and {len(largest) - _CLASSES_SHOWN} more, the smallest with {largest[-1][1]:,}")
        lines += [f"seen: {note}" for note in self.seen]
        lines += [f"please decide: {question}" for question in self.asks]
        # In Python one function plans and validates.
        calls = dict.fromkeys(f"  {speak(command)}" for command in self.next)
        return speak("\n".join([*lines, "next:", *calls]))

    __repr__ = __str__


def init(
    data: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    example: str | None = None,
    label: Sequence[str] = (),
    backbone: str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    schedule: str | Mapping[str, Any] | None = None,
    epochs: int | None = None,
    adapt: str | os.PathLike[str] | None = None,
    rank: Rank | None = None,
    measure: Measure | None = None,
) -> Scaffolded:
    """Inspect data and write a short commented configuration for it, or copy the one called `example`.

    The arguments are those of `kerastune_ft.init`, but for `rank`, which measures the backbones that are here, of
    which the best is written, and `measure`, which measures the rows of texts. Raises ConfigError and DataError.
    """
    if (data is None) == (example is None):
        given = "one of them, not both" if data is not None else "the data"
        raise ConfigError(
            f"init: give {given}: a folder, an archive, a table or an .npz file, or --example with one of "
            f"{', '.join(files.shipped_names())}"
        )
    if example is not None:
        beside = {"label": label or None, "backbone": backbone, "weights": weights, "schedule": schedule}
        _refuse_beside_example({**beside, "epochs": epochs, "adapt": adapt, "measure": rank})
        return _copy_example(example, output)
    if rank is not None and backbone is not None:
        raise ConfigError("--measure chooses the backbone, and --backbone names one; give one of them")
    place, phases = path_of_user(data or ""), read_schedule(schedule)
    with explain_unreachable("init"):
        target = _choose_target(output, name_of(place))
        words = [None if text is None else os.fspath(text) for text in (backbone, weights)]
        proposal = propose(
            place,
            lambda path: path_from(path, target.parent),
            label,
            Wishes(words[0], words[1], phases=phases, epochs=epochs),
        )
    if rank is not None:
        proposal = with_measured_backbone(proposal, lambda document: rank(_from_here(document, place)))
    if measure is not None and may_measure(proposal, is_given=False):
        proposal = with_measured_rows(proposal, lambda document: measure(_from_here(document, place, words[0])))
    first, run = None, ""
    if adapt is not None:
        first = _choose_target(target.with_name(f"{target.stem}-adapt.json"), "")
        run = f"runs/{first.stem}"
        texts = OWN if adapt == OWN else str(path_of_user(adapt))
        before, proposal = propose_adaptation(
            proposal, texts, path_from(Path(run), target.parent), lambda path: path_from(path, target.parent)
        )
        _write(first, as_text({"$schema": _SCHEMA, "//": _list_steps(first, target, run), **before}) + "\n")
    _write(target, as_text(_add_remarks(proposal, place, target)) + "\n")
    said = proposal.task, proposal.examples, proposal.counts, proposal.seen, proposal.asks
    begin = None if first is None else (first, run)
    return Scaffolded(target, _write_schema(target), *said, begin)


def _list_steps(first: Path, second: Path, run: str) -> list[str]:
    before, after = (shlex.quote(str(path)) for path in (first, second))
    return [
        f"The first of two runs: it learns the language of the texts, and {second.name} begins with its model.",
        f"Both: python -m kerastune_ft run {before} --run-dir {shlex.quote(run)} && python -m kerastune_ft run {after}",
    ]


def _from_here(document: Mapping[str, Any], place: Path, preset: str | None = None) -> dict[str, Any]:
    """Return a configuration with its data as the working directory sees them, and not the folder of its file.

    So it is with the directory of a preset, `preset`.
    """
    found = {**document, "data": {**document["data"], "path": str(place)}}
    if preset is not None and Path(expand_home(preset)).is_dir():
        found["backbone"] = {**document["backbone"], "preset": str(Path(expand_home(preset)).resolve())}
    return found


def _refuse_beside_example(options: Mapping[str, Any]) -> None:
    if given := [f"--{name}" for name, value in options.items() if value is not None]:
        verb = "has" if len(given) == 1 else "have"
        raise ConfigError(f"{' and '.join(given)} {verb} no effect with --example; leave it out, or change the copy")


def _copy_example(name: str, output: str | os.PathLike[str] | None) -> Scaffolded:
    names = files.shipped_names()
    if name not in names:
        raise ConfigError(f"--example: {unknown_message(name, names)[0]}")
    # An example in a sub-folder, such as smoke/digits, is named after both.
    target = _choose_target(output, name.replace("/", "_"))
    _write(target, (files.SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    return Scaffolded(target, _write_schema(target), None, None, {}, (), ())


def _choose_target(output: str | os.PathLike[str] | None, name: str) -> Path:
    """Return the file to write; checked before the data is inspected, which may take long."""
    target = Path(expand_home(output)) if output is not None else Path(f"{name}.json")
    if target.is_dir():
        target = target / f"{name}.json"
    if target.exists() or target.is_symlink():
        raise ConfigError(f"{target} already exists and is not overwritten; give another file with --output")
    if not target.parent.is_dir():
        raise ConfigError(f"--output: the folder {target.parent} does not exist; create it, or give another file")
    if target.name == _SCHEMA:
        raise ConfigError(f"--output: {_SCHEMA} is the name of the schema; give the configuration another name")
    return target


def _add_remarks(proposal: Proposal, place: Path, target: Path) -> dict[str, Any]:
    """Return the proposed document with what was found and what is to be decided at its head."""
    noun = "labels" if proposal.is_multi_label else "classes"
    classes = f" of {len(proposal.counts)} {noun}" if proposal.counts else ""
    remarks = [f"{place.name or place.resolve().name}: {proposal.examples:,} examples{classes}."]
    remarks += [f"PLEASE DECIDE: {question}." for question in proposal.asks]
    remarks.append(f"See what it will do: python -m kerastune_ft plan {shlex.quote(str(target))}")
    return {"$schema": _SCHEMA, "//": remarks, **proposal.document}


def _write(target: Path, text: str) -> None:
    try:
        # Exclusive, so that a file created in the meantime is not overwritten either.
        with open(target, "xb") as file, _remove_on_failure(target):
            file.write(encode_text(text))
            file.flush()
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            error.filename = os.fspath(target)
            raise
        raise ConfigError(
            f"{target} cannot be written: {(error.strerror or str(error)).lower()}; see --output"
        ) from error


@contextlib.contextmanager
def _remove_on_failure(file: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            file.unlink()
        raise


def _write_schema(target: Path) -> Path | None:
    beside = target.parent / _SCHEMA
    if beside.exists():
        return None
    _write(beside, as_text(schema.json_schema()) + "\n")
    return beside
