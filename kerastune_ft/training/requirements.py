"""Requirements of installed packages, as their metadata name them, and which of them are not met."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

PACKAGE = "kerastune_ft"
"""The name of this package's distribution."""


@dataclass(frozen=True)
class Lack:
    """A requirement that is not met: what is wanted, and the version that is here, if any."""

    wanted: Requirement
    here: str | None
    wanted_by: str

    @property
    def specification(self) -> str:
        """Return the requirement as pip takes it."""
        return f"{self.wanted.name}{self.wanted.specifier}"

    def __str__(self) -> str:
        return self.specification + (f", here is {self.here}" if self.here else "")


def list_requirements(name: str, extra: str = "") -> Iterator[Requirement]:
    """Yield what a distribution requires here, or with `extra` what that extra adds.

    Raises importlib.metadata.PackageNotFoundError for one that is not installed.
    """
    for text in importlib.metadata.requires(name) or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        is_plain = marker is None or marker.evaluate({"extra": ""})
        if is_plain if not extra else (not is_plain and marker is not None and marker.evaluate({"extra": extra})):
            yield requirement


def list_extras(name: str = PACKAGE) -> list[str]:
    """Return the extras that an installed distribution declares."""
    return importlib.metadata.metadata(name).get_all("Provides-Extra") or []


def find_lack(requirement: Requirement, wanted_by: str) -> Lack | None:
    """Return what is lacking of a requirement; None where it is met."""
    try:
        here = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Lack(requirement, None, wanted_by)
    return None if requirement.specifier.contains(here, prereleases=True) else Lack(requirement, here, wanted_by)


def find_lacks_of(extra: str) -> list[Lack]:
    """Return what an extra of this package lacks here."""
    return [lack for requirement in list_requirements(PACKAGE, extra) if (lack := find_lack(requirement, extra))]


def walk_requirements(first: Iterable[Requirement]) -> Iterator[tuple[Requirement, str]]:
    """Yield requirements and all that they require, each with the name of what requires it; first those given."""
    waiting = [(requirement, PACKAGE) for requirement in first]
    seen = set[tuple[str, str]]()
    while waiting:
        requirement, by = waiting.pop(0)
        yield requirement, by
        name = canonicalize_name(requirement.name)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                waiting += [(inner, name) for inner in list_requirements(name, extra)]
            except importlib.metadata.PackageNotFoundError:
                continue
