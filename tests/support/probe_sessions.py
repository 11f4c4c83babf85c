"""A session on a small net and a few images, for the tests of probes and of schedules chosen by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerastune_ft.config.read import read
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from tests.support.small_nets import save_net
from tests.support.tiny_run import document, write_data


def image_document(folder: Path) -> dict[str, Any]:
    """Head and top on a small net; the cache lies in the folder."""
    made = document(write_data(folder / "data.npz"))
    made["backbone"] = save_net(folder / "plain.keras", "plain")
    made["phases"][1] |= {"augment": "none"}
    made["runtime"] = {"strategy": "none", "cache_directory": str(folder / "cache"), "cache_budget": "20GB"}
    return made


def open_session(made: dict[str, Any]) -> Session:
    """The session of a configuration."""
    config = read(made)
    return assemble(config, devices.resolve(config.runtime), lambda line: None)
