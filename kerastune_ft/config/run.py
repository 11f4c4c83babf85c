"""The complete configuration of a run, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from kerastune_ft.config.choice import hash_choice, hash_phases
from kerastune_ft.config.options.backbones import Backbone
from kerastune_ft.config.options.base import ListToTuple, Options, problem
from kerastune_ft.config.options.data import Data
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.paths import WrittenPath
from kerastune_ft.config.options.phases import Auto, Phase
from kerastune_ft.config.options.runtime import Output, Runtime
from kerastune_ft.config.options.task_facts import find_modality
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.config.options.updates.rates import ONE_CYCLE
from kerastune_ft.config.python_objects import PythonObjects
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import encode_text

_RESIZE = {"image_segmentation": "stretch", "object_detection": "pad"}
# Keys that came later count only where they are given, so that runs from before have the hash they had.
_LATER = (
    ("runtime", ("pinned", "frozen_precision")),
    ("head", ("decoder", "width", "stride", "levels")),
    ("task", ("metrics", "unknown", "border")),
    ("data", ("target_length",)),
)
_LATER_OF_DATA: Mapping[str, Mapping[str, Any]] = {
    "folder": {"input": None, "label": None, "annotations": "auto"},
    "table": {"boxes": None},
}
_LATER_OF_AUGMENT = ("gain", "shift", "time_mask", "frequency_mask", "noise")
_LATER_OF_RATES = ("start", "unit_span", "momentum")
# Keys of rates that presets had not from the first, by preset, and the values that they have had since.
_LATER_OF_PRESETS: Mapping[str, tuple[str, Any]] = {
    "fastai_fine_tune": ("momentum", (0.95, 0.85, 0.95)),
    "discriminative": ("start", 0.0002 / 32),
    "surgical": ("head", 0.001),
}


class RunConfig(Options):
    """A configuration with every default filled in and presets expanded."""

    version: Literal[1] = Field(1, description="version of this format")
    name: str = Field("run", pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", description="names the run directories")
    seed: int = Field(0, ge=0, lt=2**32, description="seed of all random draws")
    task: Task = Field(description="what is to be learned")
    data: Data = Field(description="where the examples come from")
    backbone: Backbone = Field(description="the pretrained model")
    head: Head = Field(Head(), description="the new layers on the backbone")
    phases: Annotated[tuple[Phase, ...], ListToTuple, Field(min_length=1)] = Field(description="the schedule")
    refit: bool = Field(
        False,
        description="whether the phases run again, for the epochs that validation chose, on training and validation "
        "examples together",
    )
    python: PythonObjects | None = Field(
        None,
        description="the objects of Python that the run was begun with; kt.run writes it, and no file can give them",
    )
    runtime: Runtime = Field(Runtime(), description="where and how to compute")
    output: Output = Field(Output(), description="where results go")
    # The last, so that all that phases are chosen for is known where it is checked.
    auto: Auto | None = Field(
        None, description='what "phases": "auto" stands for; a run writes it, beside the phases that it chose'
    )
    # No option: a run that began before goes on by its own, whatever the file says.
    _rules: Rules = PrivateAttr(NEWEST)
    _replacements: tuple[str, ...] = PrivateAttr(())
    # No option either: the objects that `python` records.
    _own: Any = PrivateAttr(None)
    _preset: str | None = PrivateAttr(None)

    @field_validator("auto")
    @classmethod
    def _check_chosen(cls, value: Auto | None, info: ValidationInfo) -> Auto | None:
        """Refuse phases that were changed, or chosen for something else: the run would pass for one that chose them."""
        known = info.data
        if value is None or value.chosen is None or len(known) < len(cls.model_fields) - 1:
            # Where an option is wrong that is said.
            return value
        if value.chosen not in (hash_choice({**known, "auto": value}), hash_phases(known["phases"])):
            raise problem(
                "the phases are not those that were chosen for this configuration, or one of its other keys was "
                'changed since; remove "auto" to take them as they are, or write "phases": "auto" in place of both'
            )
        return value

    @property
    def modality(self) -> str:
        """The modality of the examples: the task's, or that of several inputs where data.input names these."""
        return find_modality(self.task, self.data)

    @property
    def awaits_choice(self) -> bool:
        """Whether its phases are still to be chosen by measurement; those it has only stand in for them."""
        return self.auto is not None and self.auto.chosen is None

    def with_choice(self, phases: Sequence[Phase], vouched: str | None = None) -> RunConfig:
        """Return the same configuration with the phases that were chosen for it; its hash stays what it was.

        `vouched` is what vouches for them where a run has that already.
        """
        assert self.auto is not None
        made = self.model_copy(update={"phases": tuple(phases)})
        chosen = self.auto.model_copy(update={"chosen": vouched or hash_choice(dict(made))})
        return made.model_copy(update={"auto": chosen})

    def to_json(self) -> Any:
        """Return these options as JSON values, phases that are still to be chosen as a user writes them."""
        document = super().to_json()
        auto = document.pop("auto", None)
        if self.auto is not None and self.awaits_choice:
            return {**document, "phases": self.auto.to_preset()}
        return document if auto is None else {**document, "auto": auto}

    @property
    def replacements(self) -> tuple[str, ...]:
        """Sentences about the keys of the file that `--set` took out, because they exclude what it wrote."""
        return self._replacements

    def with_replacements(self, replacements: tuple[str, ...]) -> RunConfig:
        """Return the same configuration with these sentences."""
        if replacements == self._replacements:
            return self
        copy = self.model_copy()
        copy._replacements = replacements
        return copy

    @property
    def own(self) -> Any:
        """The objects of Python that `python` records, an `own.objects.OwnObjects`; None where they are not at hand."""
        return self._own

    def with_own(self, own: Any) -> RunConfig:
        """Return the same configuration with these objects at hand."""
        copy = self.model_copy()
        copy._own = own
        return copy

    @property
    def preset(self) -> str | None:
        """The name of the preset that the phases were written as; None where they were written one by one."""
        return self._preset

    def with_preset(self, name: str | None) -> RunConfig:
        """Return the same configuration with the name of the preset that its phases come from."""
        copy = self.model_copy()
        copy._preset = name
        return copy

    @property
    def rules(self) -> Rules:
        """The rules by which figures are computed: the newest, unless `with_rules` set those of an earlier run."""
        return self._rules

    def with_rules(self, rules: Rules) -> RunConfig:
        """Return the same configuration under other rules, which read some values otherwise."""
        phases = self.phases if rules.rates_of_papers else earlier_phases(self)
        phases = phases if rules.warmup_of_zero else tuple(map(_with_usual_warmup, phases))
        copy = self.model_copy(update={"phases": phases})
        copy._rules = rules
        return copy

    @model_validator(mode="before")
    @classmethod
    def _fill_in_resize(cls, document: Any) -> Any:
        """Set the default of `data.resize` for dense tasks, where cropping would remove labelled pixels."""
        if not isinstance(document, Mapping):
            return document
        task, data = document.get("task"), document.get("data")
        if not isinstance(task, Mapping) or not isinstance(data, Mapping) or "resize" in data:
            return document
        resize = _RESIZE.get(str(task.get("kind")))
        return document if resize is None else {**document, "data": {**data, "resize": resize}}


def earlier_phases(config: RunConfig) -> tuple[Phase, ...]:
    """Return what the preset of a configuration stood for before it had all the rates of its paper.

    That are its phases where they were written one by one, or as another preset. A rate that was written beside the
    preset is none that it got later, and stays.
    """
    later = _LATER_OF_PRESETS.get(config.preset or "")
    return config.phases if later is None else tuple(_without_rate_key(phase, *later) for phase in config.phases)


def _without_rate_key(phase: Phase, key: str, value: Any) -> Phase:
    rate = phase.learning_rate
    if rate is None or getattr(rate, key) != value:
        return phase
    return phase.model_copy(update={"learning_rate": rate.model_copy(update={key: None})})


def _with_usual_warmup(phase: Phase) -> Phase:
    """Return a phase whose warm-up is the usual one of its shape where 0 is written."""
    rate = phase.learning_rate
    if rate is None or rate.shape != ONE_CYCLE or rate.warmup != 0:
        return phase
    return phase.model_copy(update={"learning_rate": rate.model_copy(update={"warmup": None})})


def _restore_paths(value: Any) -> Any:
    if isinstance(value, WrittenPath):
        return value.written
    if isinstance(value, dict):
        return {key: _restore_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_restore_paths(item) for item in value]
    return value


def written_paths(config: RunConfig) -> dict[str, str]:
    """Return the paths of a configuration as the user wrote them, by their places as `data/path`, where that differs.

    With them in its place the complete configuration has the same hash again.
    """
    return dict(_find_paths(config.model_dump(mode="python", by_alias=True), ""))


def _find_paths(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, WrittenPath):
        if value.written != str(value):
            yield place, value.written
    elif isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _find_paths(item, f"{place}/{key}" if place else str(key))


def restore_paths(document: dict[str, Any], written: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON object of a configuration with the paths of `written_paths` in their places."""

    def restore(value: Any, place: str) -> Any:
        if isinstance(value, dict):
            return {key: restore(item, f"{place}/{key}" if place else key) for key, item in value.items()}
        if isinstance(value, list):
            return [restore(item, f"{place}/{index}") for index, item in enumerate(value)]
        return written.get(place, value) if isinstance(value, str) else value

    restored: dict[str, Any] = restore(document, "")
    return restored


def _drop_later_keys(document: dict[str, Any]) -> None:
    for section, keys in _LATER:
        for key in keys:
            if document[section].get(key, 0) is None:
                del document[section][key]
    if (pinned := document["runtime"].get("pinned")) is not None and pinned["folds"] is None:
        del pinned["folds"]
    if document["python"] is None:
        del document["python"]
    for phase in document.get("phases") or ():
        for key in _LATER_OF_AUGMENT:
            if phase["augment"][key] is None:
                del phase["augment"][key]
    if not document["refit"]:
        del document["refit"]
    if not document["runtime"]["recompute"]:
        del document["runtime"]["recompute"]
    data = document["data"]
    for key, usual in (("exif", "apply"), ("window", None), ("long_texts", "cut"), ("exclude", None), ("tiles", None)):
        if data[key] == usual:
            del data[key]
    for key, usual in _LATER_OF_DATA.get(data["kind"], {}).items():
        if data[key] == usual:
            del data[key]


def _write_warmup_as_before(rate: dict[str, Any]) -> None:
    """Write the usual warm-up of one_cycle as 0, which meant it before null did, and none at all as null."""
    if rate["shape"] == ONE_CYCLE and not rate["warmup"]:
        rate["warmup"] = 0.0 if rate["warmup"] is None else None


def _write_rates_as_before(phases: list[dict[str, Any]]) -> None:
    """Write the rates of phases as they were before there were further keys."""
    for phase in phases:
        if (rate := phase["learning_rate"]) is not None:
            _write_warmup_as_before(rate)
            for key in _LATER_OF_RATES:
                if rate[key] is None:
                    del rate[key]


def config_hash(config: RunConfig) -> str:
    """Return the SHA-256 of everything that can change results: all but `output`, with paths as written.

    Phases that are chosen by measurement count as what they are chosen by, before and after that. Comments are not part
    of a RunConfig and do not count. Keys are in the order of the models; the order inside maps
    such as `classes` has a meaning and counts.
    """
    # In Python mode a dump keeps the path objects, which know their text before expansion.
    document = _restore_paths(config.model_dump(mode="python", by_alias=True, exclude={"output"}))
    _drop_later_keys(document)
    if (auto := document.pop("auto")) is not None:
        document["phases"] = {"auto": {"time": auto["time"], "keys": auto["keys"]}}
    else:
        _write_rates_as_before(document["phases"])
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(encode_text(text)).hexdigest()
