"""Weights & Biases: a run of a project, sent while it trains or kept for `wandb sync`."""

from __future__ import annotations

import contextlib
import netrc
import os
import secrets
import socket
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kerastune_ft.config.options.trackers import Wandb
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.packages import import_package
from kerastune_ft.tracking.sink import Begun, Has, Point

STEP = "global_step"
"""The figure that all others are drawn over."""
_OF_STEPS = ("train/", "validation/", "rate/", "epoch", "phase")
_CODES = {"done": 0, "failed": 1, "interrupted": 75}
_SECONDS_TO_ANSWER, _SECONDS_TO_BEGIN = 5.0, 30.0
_KEYS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")


def open_sink(options: Wandb, run: RunDirectory) -> Service:
    """Return the sink of a run of Weights & Biases. Raises ConfigError where wandb is not installed."""
    return Service(import_package("wandb", '"wandb>=0.19"'), options)


class Service:
    """A sink that is a run of Weights & Biases."""

    pause = 2.0

    def __init__(self, wandb: Any, options: Wandb) -> None:
        """`wandb` is the package."""
        self._wandb, self._options = wandb, options
        self._mode = options.mode or os.environ.get("WANDB_MODE") or "online"
        self._live: Any = None

    def require(self) -> None:
        """Raise ConfigError where the service does not answer or no key is there for it; not offline."""
        if self._mode != "online":
            return
        server = urlsplit(str(self._wandb.Settings().base_url))
        otherwise = (
            'or keep the files for later with {"kind": "wandb", "mode": "offline"} (or WANDB_MODE=offline), or leave '
            "the tracker out"
        )
        if not any(map(os.environ.get, _KEYS)) and not _has_login(server.hostname or ""):
            raise ConfigError(
                "output.trackers: wandb has no key here; give WANDB_API_KEY in the environment, or once: wandb login; "
                f"{otherwise}"
            )
        if urllib.request.getproxies():
            # The proxy answers for it.
            return
        port = server.port or (80 if server.scheme == "http" else 443)
        try:
            socket.create_connection((server.hostname or "", port), _SECONDS_TO_ANSWER).close()
        except OSError as error:
            raise ConfigError(
                f"output.trackers: Weights & Biases at {server.hostname} does not answer ({error}); {otherwise}"
            ) from error

    def start(self, begun: Begun) -> Mapping[str, Any]:
        """Begin the run, or go on with it; console, code and machine are not sent."""
        # Without a key wandb would ask for one, and wait.
        self.require()
        project = (
            self._options.project
            or os.environ.get("WANDB_PROJECT")
            or str(begun.parameters.get("name", begun.group or begun.name))
        )
        known = begun.identity if begun.identity.get("project") == project else {}
        run = str(known.get("run") or secrets.token_hex(4))
        settings = self._wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            save_code=False,
            x_disable_stats=True,
            x_disable_meta=True,
            init_timeout=_SECONDS_TO_BEGIN,
            # The caller may have a run of his own.
            reinit="create_new",
        )
        self._live = self._wandb.init(
            project=project,
            entity=self._options.entity,
            name=begun.name,
            group=begun.group,
            id=run,
            resume="allow",
            mode=self._mode,
            config=dict(begun.parameters),
            allow_val_change=True,
            settings=settings,
        )
        self._live.define_metric(STEP, hidden=True)
        self._live.define_metric("*", step_metric=STEP)
        # Offline there is no address.
        url = self._live.url if self._mode == "online" else None
        return {"project": project, "run": run, "mode": self._mode, **({"url": url} if url else {})}

    def forget_after(self, step: int) -> None:
        """Do nothing: the service forgets no figure."""

    def find_sent(self, sent: int) -> Has:
        """Return what tells of an epoch's figures whether they were sent: up to a step all are."""
        last = max(sent, int(self._live.summary.get(STEP) or 0)) if self._mode == "online" else sent
        return lambda tag, step: step <= last and tag.startswith(_OF_STEPS)

    def write(self, points: Sequence[Point]) -> None:
        """Hand the points to the service, which sends them by itself; texts become entries of the summary."""
        for point in points:
            if point.figures:
                self._live.log({**point.figures, STEP: point.step})
            for tag, text in point.texts.items():
                self._live.summary[tag] = text

    def add_file(self, path: Path, name: str) -> None:
        """Add a file to the artifact of the run."""
        artifact = self._wandb.Artifact(f"{Path(name).stem}-{self._live.id}", type="run-file")
        artifact.add_file(str(path), name=name)
        self._live.log_artifact(artifact)

    def finish(self, state: str) -> None:
        """Say how the run ended, and send what is left."""
        self._live.finish(exit_code=_CODES[state])


def _has_login(host: str) -> bool:
    """Return whether `wandb login` left a key for a server."""
    for name in filter(None, (os.environ.get("NETRC"), "~/.netrc", "~/_netrc")):
        with contextlib.suppress(OSError, netrc.NetrcParseError):
            if netrc.netrc(os.path.expanduser(name)).authenticators(host):
                return True
    return False
