"""File names that begin with `~`, as editors and spreadsheets leave them, and texts that do."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.config.read import read
from kerastune_ft.data.files.find import IMAGES, TEXTS, FileKind
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts
from tests.support.trained_runs import encode_image, pixels, write

# Names of no user; the last has half a character in it, as a name whose bytes are no UTF-8.
NAMES = ("~x.png", "~$temp.png", "./~x.png", "~\udce4.png")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which is not the home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    for name in "ab":
        for number in range(4):
            write(tmp_path / "~photos" / name / f"{number}.png", encode_image(pixels(number + 10 * (name == "a"))))
    write(tmp_path / "home" / "mine.png", encode_image(pixels(0)))
    return tmp_path


def options(kind: FileKind, cache: Path) -> ReadOptions:
    return ReadOptions(None, None, None, kind, cache, print)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_such_a_name_is_predicted_on_like_any_other(here: Path, name: str) -> None:
    (listing,) = list_inputs([name], options(IMAGES, here))
    (item,) = listing.items
    assert item.problem is None
    assert item.path is not None
    assert Path(item.path) == Path(name)
    lines = io.BytesIO(name.encode("utf-8", "surrogateescape") + b"\n")
    (line,) = list_inputs([lines], options(IMAGES, here))[0].items
    assert Path(line.path or "") == Path(name)


def test_a_folder_of_such_a_name_is_read(here: Path) -> None:
    (listing,) = list_inputs(["~photos"], options(IMAGES, here))
    assert listing.count == 8
    (home,) = list_inputs(["~/mine.png"], options(IMAGES, here))
    assert [item.path for item in home.items] == [str(here / "home" / "mine.png")]


@pytest.mark.parametrize("text", ["~5 stars, a fine film", "~", "~/", "~ten minutes\0"])
def test_a_text_is_never_expanded(here: Path, text: str) -> None:
    (here / "home" / "mine.png").unlink()
    (here / "home").rmdir()
    (listing,) = list_texts([text], options(TEXTS, here), 1)
    (item,) = listing.items
    assert item.texts == (text,)


def test_configurations_know_the_home_and_leave_other_names(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "~")

    def data_path(text: str) -> str:
        return str(read({**_DOCUMENT, "data": {"kind": "folder", "path": text}}).data.path)

    assert data_path("~photos") == str(here / "~photos")
    assert data_path("~/pictures") == data_path("${PLACE}/pictures") == str(here / "home" / "pictures")
    changed = read({**_DOCUMENT, "data": {"kind": "folder", "path": "x"}}, ["data.path=~photos"])
    assert changed.data.path == str(here / "~photos")
    directory = read({**_DOCUMENT, "data": {"kind": "folder", "path": "x"}}, ["output.directory=~runs"])
    assert directory.output.directory == "~runs"


def test_init_describes_such_a_folder(here: Path) -> None:
    result = CliRunner().invoke(main, ["init", "~photos", "--output", "~photos.json"])
    assert result.exit_code == 0, result.output
    assert json.loads((here / "~photos.json").read_text())["data"]["path"] == "~photos"


@pytest.mark.parametrize("command", ["verify", "evaluate", "report"])
def test_a_run_directory_of_such_a_name_is_looked_for_as_it_is(here: Path, command: str) -> None:
    result = CliRunner().invoke(main, [command, "~nobody"])
    assert result.exit_code == 2
    assert "~nobody is no" in result.output


_DOCUMENT = {
    "name": "t",
    "task": {"kind": "image_classification"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 8}],
}
