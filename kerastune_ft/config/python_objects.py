"""What a configuration records of the Python objects that a run was begun with; the objects come from the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from kerastune_ft.config.options.base import Options


class PythonObject(Options):
    """The identity of an object: what it is called, how it is configured, and the hash of its source."""

    name: str = Field(description="the qualified name of the function or class")
    configuration: str | None = Field(None, description="its configuration as JSON text, where it has one")
    sha256: str | None = Field(None, description="SHA-256 of its source; null for a class of Keras")

    def describe_change(self, other: PythonObject) -> str:
        """Return in a few words what is different in the other object."""
        if self.name != other.name:
            return f"it was {self.name}, and is {other.name}"
        if self.sha256 != other.sha256:
            return f"the source of {self.name} changed"
        return f"the configuration of {self.name} changed"


class PythonMetric(PythonObject):
    """The identity of a metric, and which way it is better."""

    direction: Literal["min", "max"] = Field(description="whether lower or higher is better")


class PythonObjects(Options):
    """The objects of Python that a run was begun with."""

    head: PythonObject | None = Field(None, description="what builds the head")
    loss: PythonObject | None = Field(None, description="what phases train on")
    metrics: Mapping[str, PythonMetric] = Field({}, description="metrics besides the task's, by name")

    def list_objects(self) -> dict[str, PythonObject]:
        """Return the objects by what messages call them: the arguments of `kerastune_ft.run`."""
        parts = {"head": self.head, "loss": self.loss}
        found: dict[str, PythonObject] = {name: each for name, each in parts.items() if each is not None}
        return found | {f"metrics[{name!r}]": each for name, each in self.metrics.items()}

    @property
    def arguments(self) -> str:
        """Return the arguments of a call that gives these objects, as `head=..., loss=...`."""
        given = (("head", self.head), ("loss", self.loss), ("metrics", self.metrics))
        return ", ".join(f"{name}=..." for name, value in given if value)

    def explain_missing(self) -> str:
        """Return that these objects are needed, and the call that gives them."""
        named = ", ".join(f"{name} {each.name}" for name, each in self.list_objects().items())
        return (
            f"this configuration goes with objects of Python ({named}), which no file can give; in the program that "
            f"has them call kt.run(CONFIG, {self.arguments})"
        )


def list_changes(old: PythonObjects | None, new: PythonObjects | None) -> Iterator[str]:
    """Yield a sentence for every object of a run that is not what it was."""
    before = {} if old is None else old.list_objects()
    after = {} if new is None else new.list_objects()
    for name in {**before, **after}:
        if name not in after:
            yield f"{name}: the run began with {before[name].name}, and none is given"
        elif name not in before:
            yield f"{name}: the run began without one, and {after[name].name} is given"
        elif before[name] != after[name]:
            yield f"{name}: {before[name].describe_change(after[name])}"
