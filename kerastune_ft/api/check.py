"""Checking data before it is trained on, as a function."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft import keras_settings
from kerastune_ft.api.engine import Config, Overrides, load_engine, require_weights, resolve_config
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError, explain_exhaustion
from kerastune_ft.reporting.notebook.tables import write_table
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.storage import is_remote, path_of_user
from kerastune_ft.training.run_directory.run_choice import check_places


@dataclass(frozen=True)
class DataCheck:
    """What a check of data found: `document` is what `check --json` prints; it prints as a table."""

    document: Mapping[str, Any]
    folder: Path
    """Where the page and the list of examples that may be left out are."""

    @property
    def findings(self) -> dict[str, Mapping[str, Any]]:
        """Return the findings by kind, such as `near_copies` or `label_errors`, each with count and rows."""
        return {str(finding["kind"]): finding for finding in self.document["findings"]}

    @property
    def faults(self) -> list[str]:
        """Return the kinds of findings for which `check --strict` fails."""
        return list(self.document["faults"])

    @property
    def exclude(self) -> Path:
        """Return the file that `data.exclude` takes."""
        return Path(self.document["exclude_file"])

    def __repr__(self) -> str:
        from kerastune_ft.inspection.table import build_check_table, describe_check

        return write_table(build_check_table(self.document), "\n".join(describe_check(self.document)))

    def _repr_html_(self) -> str:
        from kerastune_ft.inspection.table import build_check_table, describe_check
        from kerastune_ft.reporting.page import templates

        table = build_check_table(self.document)
        rows = list(zip(*(column.cells for column in table.columns), strict=True))
        remark = "; ".join(describe_check(self.document))
        return templates.render("table.html", columns=table.columns, rows=rows, remark=remark)


def check(config: Config, output: str | os.PathLike[str] | None = None, *, overrides: Overrides = ()) -> DataCheck:
    """Return what is wrong with the data of a configuration: copies, leaks, doubtful labels, odd examples.

    The data are opened as a run opens them, but that damaged files are findings, and looked at by the features that a
    run stores, which it finds there afterwards. Nothing is trained. `output` is the folder for the page, the findings
    and the list for `data.exclude`; by default `<output.directory>/<name>-check`. Raises the errors of
    `kerastune_ft.errors`.
    """
    settings = resolve_config(config, overrides)
    keras_settings.refuse_foreign()
    require_weights(settings)
    check_places(settings)
    folder = _choose_folder(settings, output)
    engine = load_engine(settings)
    from kerastune_ft.inspection.document import describe_inspection, list_left_out
    from kerastune_ft.inspection.files import check_folder, choose_list, keep_earlier_rows, write_check
    from kerastune_ft.inspection.inspect import inspect_data, open_for_check
    from kerastune_ft.inspection.page import write_page

    check_folder(folder)
    shows = settings.output.examples
    with explain_exhaustion(), contextlib.closing(create_watcher(lambda line: None)) as watch:
        session = open_for_check(settings, engine.devices(settings), watch)
        found = inspect_data(session, watch)
        rows = [
            {"input": example.key, "reason": reason, "content": example.content}
            for example, reason in list_left_out(found)
        ]
        document = describe_inspection(found, shows)
        line = f'"exclude": {json.dumps(str(choose_list(folder)), ensure_ascii=False)}'
        page = write_page(found, document, line, session if shows else None)
        file = write_check(folder, document, page, keep_earlier_rows(settings.data.exclude, rows))
    return DataCheck({**document, "exclude_file": str(file), "line": line}, folder)


def _choose_folder(settings: RunConfig, output: str | os.PathLike[str] | None) -> Path:
    if output is not None:
        return Path(path_of_user(output))
    if is_remote(settings.output.directory):
        raise ConfigError("--output: output.directory is remote; name a local folder for the page of the check")
    return Path(settings.output.directory) / f"{settings.name}-check"
