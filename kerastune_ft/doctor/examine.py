"""The whole examination: what this machine, its packages and its settings mean for runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.doctor.devices import examine_devices
from kerastune_ft.doctor.finding import BROKEN, WARNING, Section, hide_home_within
from kerastune_ft.doctor.machine import examine_machine
from kerastune_ft.doctor.network import examine_network
from kerastune_ft.doctor.places import examine_places
from kerastune_ft.doctor.probe import ask_tensorflow
from kerastune_ft.doctor.requirements import examine_requirements
from kerastune_ft.doctor.variables import examine_variables
from kerastune_ft.doctor.versions import examine_versions
from kerastune_ft.errors import ConfigError
from kerastune_ft.wording import counted


def examine(*, network: bool = False) -> Iterator[Section]:
    """Yield the sections of the examination as they are found; only the last before the network needs TensorFlow.

    `network` asks the hosts of weights, presets and data sets, too. What is written to try a folder is gone at once.
    """
    yield examine_versions()
    yield examine_requirements()
    yield examine_machine()
    yield examine_places()
    yield examine_variables()
    yield examine_devices(ask_tensorflow())
    if network:
        yield examine_network()


def describe_system() -> str:
    """Return versions in one line, system and processor in another."""
    versions, machine = examine_versions().facts, examine_machine().facts
    named = [
        f"{name} {versions[name]}" for name in ("kerastune_ft", "tensorflow", "keras", "keras-hub") if name in versions
    ]
    system = f"Python {versions['python']}, {versions['system']}"
    return f"{', '.join(named)}\n{system}, {machine['processor']} ({counted(machine['cores'], 'core')})"


@dataclass(frozen=True)
class Examination:
    """All sections of an examination."""

    sections: Sequence[Section]

    @property
    def exit_code(self) -> int:
        """Return 2 where something that runs need is broken, else 0."""
        return ConfigError.exit_code if self.count(BROKEN) else 0

    def count(self, level: str) -> int:
        """Return the number of findings of a level."""
        return sum(section.count(level) for section in self.sections)

    @property
    def conclusion(self) -> str:
        """Return what follows, and the next command."""
        broken, warnings = self.count(BROKEN), self.count(WARNING)
        others = f"; {counted(warnings, 'warning')}" if warnings else ""
        if broken:
            return f"{counted(broken, 'thing')} that runs need {'is' if broken == 1 else 'are'} broken{others}"
        return f"runs have what they need{others}\nnext: python -m kerastune_ft doctor --selftest"

    def to_json(self) -> dict[str, Any]:
        """Return the examination as a JSON object; this user's home directory is written ~."""
        document = {
            "broken": self.count(BROKEN),
            "warnings": self.count(WARNING),
            **{section.name: section.to_json() for section in self.sections},
        }
        return dict(hide_home_within(document))
