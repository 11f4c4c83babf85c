"""Data sets and files of data that a configuration needs from the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerastune_ft.api.engine import load_engine
from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.data import embedded
from kerastune_ft.errors import ConfigError, DataError, explain_write
from kerastune_ft.fetching.download import Report
from kerastune_ft.fetching.lock_file import Fetched
from kerastune_ft.remote import download as copy_remote
from kerastune_ft.storage import is_remote, path_of


def fetch_data(options: Any, output: Path | None, report: Report) -> Iterator[tuple[Fetched, dict[str, str]]]:
    """Yield the files of a data set, each with the overrides by which a run finds it.

    A data set of TensorFlow Datasets is prepared where the library keeps it; a file in a bucket is copied to `output`.
    Nothing is yielded for embedded data and for what lies on this machine.
    """
    if isinstance(options, TfdsData):
        for fetched in _prepare_data_set(options, report):
            yield fetched, {}
        return
    path = str(getattr(options, "path", None) or "")
    if is_remote(path):
        copied = _copy_file(path, output, report)
        yield copied, {"data.path": str(copied.path)}


def _prepare_data_set(options: TfdsData, report: Report) -> list[Fetched]:
    if options.name in embedded.ALL:
        return []
    load_engine()
    import tensorflow_datasets as tfds

    report(f"data: TensorFlow Datasets {options.name}")
    try:
        builder = tfds.builder(options.name, data_dir=options.data_dir)
        builder.download_and_prepare()
    except Exception as error:  # TensorFlow Datasets raises almost anything.
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise DataError(f"data.name: {options.name} cannot be prepared: {reason[:300]}") from error
    folder = Path(builder.data_dir)
    return [Fetched(path, f"tfds {builder.info.full_name}") for path in sorted(folder.rglob("*")) if path.is_file()]


def _copy_file(path: str, output: Path | None, report: Report) -> Fetched:
    if output is None:
        raise ConfigError(f"data.path: {path} lies in a bucket; say where it is copied to: --output DIR")
    source = path_of(path)
    if not source.is_file():
        raise ConfigError(
            f"data.path: {path} is no single file; copy the folder yourself (gcloud storage cp -r {path} DIR) and name "
            "it with --set data.path=DIR"
        )
    report(f"data: {path}")
    target = output.absolute() / "data" / source.name
    partial = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_remote(path, partial)
        if partial.stat().st_size != source.stat().st_size:
            raise DataError(f"data.path: {path} was not copied whole; give the same command again")
        partial.replace(target)
    except OSError as error:
        raise explain_write(target, error) from error
    finally:
        partial.unlink(missing_ok=True)
    return Fetched(target, path)
