"""What `init` writes, where, and what it never overwrites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kerastune_ft import init
from kerastune_ft.cli.commands import main
from kerastune_ft.config.documents.files import SHIPPED, shipped_names
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.init_data import write_image


@pytest.fixture(autouse=True)
def photos(here: Path) -> None:
    for name in ("cat", "dog"):
        for number in range(4):
            write_image(here / "photos" / name / f"{number}.png")


def give(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_an_existing_file_is_left_alone_and_output_is_named() -> None:
    Path("photos.json").write_text("mine")
    result = give("init", "photos")
    assert result.exit_code == 2
    assert "photos.json" in result.stderr and "--output" in result.stderr
    assert Path("photos.json").read_text() == "mine"
    assert not Path("schema.json").exists()
    assert give("init", "photos", "--output", "other.json").exit_code == 0


def test_a_schema_that_is_there_is_left_alone() -> None:
    Path("schema.json").write_text("{}")
    assert init("photos").schema is None
    assert Path("schema.json").read_text() == "{}"


def test_the_data_are_found_from_where_the_file_is_written(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    Path("configs").mkdir()
    init("photos", "configs/mine.json")
    monkeypatch.chdir("configs")
    assert Path(read("mine.json").data.path).resolve() == here / "photos"  # type: ignore[union-attr]


def test_an_absolute_path_stays_absolute(here: Path) -> None:
    init(here / "photos")
    assert json.loads(Path("photos.json").read_text())["data"]["path"] == str(here / "photos")


def test_the_directory_itself_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("photos")
    init(".", "../here.json")
    assert json.loads(Path("../here.json").read_text())["data"]["path"] == "photos"


@pytest.mark.parametrize("name", shipped_names())
def test_examples_come_with_their_comments(name: str) -> None:
    result, own = give("init", "--example", name), name.replace("/", "_")
    assert result.exit_code == 0
    assert Path(f"{own}.json").read_text() == (SHIPPED / f"{name}.json").read_text()
    assert read(Path(f"{own}.json")).name == own
    assert f"check {own}.json" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "medical"),
        (("photos", "--example", "medical"), "not both"),
        (("--example", "medicol"), 'did you mean "medical"'),
        (("--example", "medical", "--label", "x"), "no effect"),
        (("photos", "--label", "x"), "only a table has columns"),
        (("photos", "--output", "nowhere/x.json"), "folder nowhere does not exist"),
        (("photos", "--output", "schema.json"), "name of the schema"),
    ],
)
def test_words_that_do_not_go_together_are_exit_2(words: tuple[str, ...], message: str) -> None:
    result = give("init", *words)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    assert not list(Path().glob("*.json"))


def test_json_tells_what_was_seen_and_what_comes_next() -> None:
    found = json.loads(give("init", "photos", "--json").stdout)
    assert found["counts"] == {"cat": 4, "dog": 4}
    assert (found["config"], found["schema"], found["task"]) == ("photos.json", "schema.json", "image_classification")
    assert found["next"][1] == "python -m kerastune_ft plan photos.json"


def test_text_tells_the_same() -> None:
    text = give("init", "photos").stdout
    assert "wrote photos.json" in text and "8 examples by class" in text and "run photos.json" in text


def test_without_anything_the_error_is_the_errors_own() -> None:
    with pytest.raises(ConfigError, match="give the data"):
        init()
