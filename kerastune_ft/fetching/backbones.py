"""Weights and presets that the backbone of a configuration needs from the network."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.api.engine import load_engine
from kerastune_ft.backbones.hub import presets
from kerastune_ft.config.options.backbones import Applications, KerasHub
from kerastune_ft.errors import ConfigError, KerasTuneError
from kerastune_ft.fetching.download import Report, download
from kerastune_ft.fetching.keras_files import replace_get_file
from kerastune_ft.fetching.lock_file import Fetched
from kerastune_ft.streams import error_stream

_IMAGENET = "imagenet"
# What clients of hubs say, each in its own words, where no host answers.
_NO_NETWORK = re.compile(
    r"name or service not known|name resolution|failed to resolve|network is unreachable|connection refused|"
    r"connecterror|timed out|cannot find the requested files",
    re.IGNORECASE,
)


def fetch_backbone(options: Any, report: Report) -> Iterator[Fetched]:
    """Yield the files of a backbone that came from the network, or were there from an earlier time.

    Nothing is yielded for embedded and random weights, and for files of this machine.
    """
    if isinstance(options, Applications) and options.weights == _IMAGENET:
        yield from _fetch_weights(options, report)
    elif isinstance(options, KerasHub) and options.preset is not None:
        yield from _fetch_preset(options.preset, report)


def _fetch_weights(options: Applications, report: Report) -> list[Fetched]:
    load_engine()
    from kerastune_ft.backbones.keras_applications import applications, imagenet

    fetched = []

    def fetch(name: str, url: str, digest: str) -> str:
        report(f"weights: {url}")
        path = download(url, imagenet.cache_directory() / name, digest, report)
        fetched.append(Fetched(path, url))
        return str(path)

    # Keras reads the file at once, which proves that it fits.
    with replace_get_file(fetch):
        applications.build_with_imagenet(options)
    return fetched


def _fetch_preset(preset: str, report: Report) -> list[Fetched]:
    if Path(preset).is_dir():
        return []
    load_engine()
    import keras_hub

    handle = find_handle(preset, keras_hub.models.Backbone.presets)
    scheme, _, rest = handle.partition("://")
    report(f"preset: {handle}")
    try:
        with contextlib.redirect_stdout(error_stream()):
            folder = Path(_CLIENTS[scheme](rest))
    except KerasTuneError:
        raise
    except Exception as error:
        if _NO_NETWORK.search(str(error)):
            raise ConfigError(
                f"backbone.preset: {handle} cannot be reached ({type(error).__name__}); give this command where there "
                "is a network, or name its proxy in the environment variable https_proxy"
            ) from error
        raise presets.explain_refusal(preset, handle, error) from error
    return [Fetched(path, handle) for path in sorted(folder.rglob("*")) if path.is_file()]


def find_handle(preset: str, known: Mapping[str, Any]) -> str:
    """Return the handle of a preset on its hub: that of keras-hub's name, or the handle itself.

    Raises ConfigError for what is neither.
    """
    handle = str(known[preset]["kaggle_handle"]) if preset in known else preset
    if handle.partition("://")[0] not in _CLIENTS or "://" not in handle:
        raise ConfigError(
            f"backbone.preset: {preset!r} is no preset of keras-hub and no handle such as hf://ORG/NAME or "
            "kaggle://ORG/MODEL/keras/NAME"
        )
    return handle


def _ask_kaggle(rest: str) -> str:
    import kagglehub

    return str(kagglehub.model_download(rest))


def _ask_hugging_face(rest: str) -> str:
    import huggingface_hub

    return str(huggingface_hub.snapshot_download(rest))


def _ask_modelscope(rest: str) -> str:
    try:
        import modelscope
    except ImportError as error:
        raise ConfigError("backbone.preset: python -m pip install modelscope, which this preset needs") from error
    return str(modelscope.snapshot_download(rest))


_CLIENTS: Mapping[str, Callable[[str], str]] = {
    "kaggle": _ask_kaggle,
    "hf": _ask_hugging_face,
    "modelscope": _ask_modelscope,
}
