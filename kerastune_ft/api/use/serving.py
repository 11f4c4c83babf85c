"""Serving a run or an export over HTTP."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kerastune_ft.api.engine import load_engine
from kerastune_ft.api.finished import explain_faults, read_settings
from kerastune_ft.config.options.task_facts import SPEECH, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError, explain_exhaustion
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.serving.export_model import DOCUMENT, ExportServed, read_export
from kerastune_ft.serving.limits import Limits
from kerastune_ft.storage import expand_home
from kerastune_ft.streams import say, say_error

if TYPE_CHECKING:
    from kerastune_ft.serving.model import ServedModel
    from kerastune_ft.serving.speech.transcriber import ServedTranscriber
    from kerastune_ft.serving.writing.writer import ServedWriter

_INSTALL = 'python -m pip install "starlette>=0.40" "uvicorn>=0.30" "prometheus-client>=0.20"'
_TENSORFLOW = "tensorflow"
Interface = Literal["answers", "written", "transcripts"]
ANSWERS: Interface = "answers"
WRITTEN: Interface = "written"
TRANSCRIPTS: Interface = "transcripts"
"""What clients ask for: answers to inputs, texts that are written for prompts, transcripts of sounds."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Place:
    """Where a server is reached, and by whom."""

    host: str = "127.0.0.1"
    port: int = 8501
    allowed_hosts: Collection[str] = ()
    """Further names by which it may be asked; `*` for any."""
    grace: float = 20.0
    """Seconds in which requests under way are answered when it ends."""


@dataclass(frozen=True)
class Serving:
    """A server that takes requests."""

    url: str
    model: ServedModel | ServedWriter
    has_token: bool
    interface: Interface = ANSWERS
    """What clients ask the server for."""


def serve(
    path: str, place: Place, limits: Limits, name: str | None, threads: int | None, begin: Callable[[Serving], None]
) -> None:
    """Serve a run or an export until a signal ends it; `begin` is called when it takes requests.

    Raises ConfigError for what is neither, for an address that cannot be had, and where packages are missing.
    """
    try:
        from kerastune_ft.serving import server
        from kerastune_ft.serving.guard import HostRule, read_token
        from kerastune_ft.serving.inputs import limit_pillow
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("starlette", "uvicorn", "prometheus_client", "h11", "anyio"):
            raise
        raise ConfigError(f"serve needs {package}: {_INSTALL}") from error
    try:
        token = read_token(os.environ)
    except ValueError as error:
        raise ConfigError(f"the environment variable KERASTUNE_TOKEN is no token: {error}") from error
    check_target(path)
    has_threads = is_computed_by_tensorflow(path)
    if threads is not None and not has_threads:
        raise ConfigError(
            "--threads has no effect on this export, which TensorFlow does not compute, but its own runtime in one "
            "thread; leave it out"
        )
    own = (threads or choose_threads()) if has_threads else 1
    bound = server.bind(place.host, place.port)
    try:
        is_local = server.is_local(bound)
        if not is_local and token is None:
            say_error(
                f"warning: {place.host} is reached from other machines, and KERASTUNE_TOKEN is not set: anybody there "
                "may ask this server"
            )
        server.give_memory_back()
        with explain_exhaustion():
            interface = choose_interface(path)
            model: Any = open_model(path, name, own, limits)
            limit_pillow(limits)
            service, make_app = _MAKERS[interface](model, limits, own)
            say("warming up")
            service.start()
        app = make_app(service, HostRule(place.allowed_hosts, is_local), token)
        about = Serving(server.describe_address(bound), model, token is not None, interface)
        try:
            server.run(app, bound, limits, place.grace, lambda: begin(about))
        finally:
            service.stop()
    finally:
        bound.close()


def _make_answering(model: ServedModel, limits: Limits, threads: int) -> tuple[Any, Any]:
    """Return what answers requests with a model, and what makes the application of it."""
    from kerastune_ft.serving.app import make_app
    from kerastune_ft.serving.service import Service

    return Service(model, limits, threads), make_app


def _make_transcribing(model: ServedTranscriber, limits: Limits, threads: int) -> tuple[Any, Any]:
    """Return what answers requests with a model that writes down speech, and what makes the application of it."""
    from kerastune_ft.serving.service import Service
    from kerastune_ft.serving.speech.app import make_app

    return Service(model, limits, threads, model.shapes), make_app


def _make_writing(model: ServedWriter, limits: Limits, threads: int) -> tuple[Any, Any]:
    """Return what answers requests with a model that writes, and what makes the application of it."""
    from kerastune_ft.serving.writing.app import make_app
    from kerastune_ft.serving.writing.service import WritingService

    return WritingService(model, limits), make_app


_MAKERS: Mapping[str, Callable[..., tuple[Any, Any]]] = {
    ANSWERS: _make_answering,
    WRITTEN: _make_writing,
    TRANSCRIPTS: _make_transcribing,
}


def choose_threads() -> int:
    """Return how many threads the model gets: half of the cores that this process may use."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def check_target(path: str) -> None:
    """Raise ConfigError for a path that is neither a run nor an export, and for a run without a model."""
    if is_export(path):
        read_export(Path(expand_home(path)))
        return
    found = Path(expand_home(path))
    if not RunDirectory(found).exists("config.json"):
        lack = (
            "is not there" if not found.exists() else f"has neither config.json, as a run, nor {DOCUMENT}, as an export"
        )
        raise ConfigError(f"{path} {lack}; name a finished run, or the folder that export wrote")
    target = RunDirectory(found)
    with explain_faults(target):
        settings = read_settings(target)
    if facts(settings.task).hides_words:
        raise ConfigError(
            f"{path}: its model finds hidden words, which is a step on the way and nothing to ask; `predict` fills "
            'them in, and a run on labels that begins with it ("backbone": {"kind": "run", ...}) can be served'
        )


def is_export(path: str) -> bool:
    """Return whether a path is the folder of an export."""
    return (Path(expand_home(path)) / DOCUMENT).is_file()


def is_computed_by_tensorflow(path: str) -> bool:
    """Return whether TensorFlow computes what is served: a run, or an export in a format of its own."""
    return not is_export(path) or _TENSORFLOW in (read_export(Path(expand_home(path))).get("runtime") or ())


def choose_interface(path: str) -> Interface:
    """Return what clients ask the server of a run or an export for."""
    return ANSWERS if is_export(path) else _choose_interface(read_settings(RunDirectory(expand_home(path))))


def _choose_interface(settings: RunConfig) -> Interface:
    if not facts(settings.task).writes:
        return ANSWERS
    return TRANSCRIPTS if settings.modality == SPEECH else WRITTEN


def open_model(path: str, name: str | None, threads: int, limits: Limits) -> ServedModel | ServedWriter:
    """Return the model of a run or an export, under a name that paths can have."""
    return _open_export(path, name, threads) if is_export(path) else _open_run(path, name, threads, limits)


def _open_export(path: str, name: str | None, threads: int) -> ServedModel:
    folder = Path(expand_home(path))
    document = read_export(folder)
    chosen = check_name(name or document["name"])
    if is_computed_by_tensorflow(path):
        _limit_threads(threads)
    say(f"loading {folder}")
    return ExportServed(folder, document, chosen)


def _open_run(path: str, name: str | None, threads: int, limits: Limits) -> ServedModel | ServedWriter:
    target = RunDirectory(expand_home(path))
    with explain_faults(target):
        settings = read_settings(target)
        chosen = check_name(name or settings.name)
        load_engine()
        _limit_threads(threads)
        say(f"loading {target}")
        interface = _choose_interface(settings)
        if interface == WRITTEN:
            from kerastune_ft.serving.writing.run_writer import RunWriter

            return RunWriter(target, settings, chosen, limits)
        if interface == TRANSCRIPTS:
            from kerastune_ft.serving.speech.run_transcriber import RunTranscriber

            return RunTranscriber(target, settings, chosen, limits)
        from kerastune_ft.serving.run_model import RunServed

        return RunServed(target, settings, chosen, limits.shapes)


def check_name(name: str) -> str:
    """Return a name of a model; raise ConfigError for one that a path cannot have."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"--name: {name!r} cannot be in a path; give letters, digits, '.', '_' and '-'")
    return name


def _limit_threads(threads: int) -> None:
    import tensorflow as tf

    settings: Any = tf.config.threading
    try:
        settings.set_intra_op_parallelism_threads(threads)
        settings.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        # Something was computed in this process before.
        say(f"TensorFlow runs already, and not with {threads} threads")
