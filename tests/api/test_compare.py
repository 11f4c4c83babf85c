from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner

import kerastune_ft as kt
from kerastune_ft.cli.commands import main
from tests.support.compared_runs import write_model


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("compared")
    return [write_model(folder / f"chest-{draw}", draw) for draw in range(2)]


def test_python_takes_paths_and_runs_and_shows_tables(paths: list[Path]) -> None:
    found = kt.compare(kt.open_run(paths[0]), paths[1])
    assert found["reference"] == str(paths[0])
    assert "verdict" in repr(found) and "<pre>" in found._repr_html_()
    assert type(pickle.loads(pickle.dumps(found))) is dict


def test_the_page_goes_where_it_is_asked_for_and_never_into_a_run(paths: list[Path], tmp_path: Path) -> None:
    found = kt.compare(*paths)
    page = found.write_html(tmp_path / "new" / "both.html")
    assert page.read_text().startswith("<!DOCTYPE html>") and list(page.parent.iterdir()) == [page]
    with pytest.raises(kt.ConfigError, match=r"give one that ends in .html"):
        found.write_html(tmp_path / "both")
    with pytest.raises(kt.ConfigError, match="is in the run directory"):
        found.write_html(paths[0] / "both.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(kt.ConfigError, match="cannot be written"):
        found.write_html(tmp_path / "file" / "both.html")


def test_the_command_prints_tables_or_json(paths: list[Path], tmp_path: Path) -> None:
    words = ["compare", *map(str, paths)]
    shown = CliRunner().invoke(main, [*words, "--html", str(tmp_path / "c.html")])
    assert shown.exit_code == 0 and "settings" not in shown.output and f"page: {tmp_path / 'c.html'}" in shown.output
    printed = CliRunner().invoke(main, [*words, "--json"])
    assert json.loads(printed.output) == json.loads(json.dumps(kt.compare(*paths)))


def test_the_command_refuses_in_a_sentence(paths: list[Path]) -> None:
    alone = CliRunner().invoke(main, ["compare", str(paths[0])])
    assert alone.exit_code == 2 and "needs two runs or more" in alone.output
