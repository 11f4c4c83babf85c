from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.errors import DataError
from kerastune_ft.fetching import fetch as fetching
from kerastune_ft.fetching.lock_file import Fetched


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))


def test_a_configuration_of_the_package_needs_nothing() -> None:
    done = CliRunner().invoke(main, ["fetch", "medical"])
    assert done.exit_code == 0, done.output
    assert "nothing is needed from a network" in done.output
    assert done.output.endswith("next: python -m kerastune_ft run medical\n") and os.listdir() == []


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A backbone that needs one file, in Keras' place; the numbers of times that it was fetched."""
    times: list[int] = []

    def fetch_backbone(options: object, report: object) -> list[Fetched]:
        path = Path(os.environ["KERAS_HOME"]) / "models/a.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            times.append(1)
            path.write_bytes(b"weights")
        return [Fetched(path, "https://x/a.h5")]

    monkeypatch.setattr(fetching, "fetch_backbone", fetch_backbone)
    return times


def test_one_folder_holds_all_and_the_next_command_leads_there(tmp_path: Path, weights: list[int]) -> None:
    made = fetching.fetch("medical", ["seed=3"], output="out")
    assert json.loads((tmp_path / "out/fetched.json").read_text())["files"].keys() == {"keras/models/a.h5"}
    assert made.next == "source out/offline.sh && python -m kerastune_ft run medical --set seed=3"
    assert "https://x/a.h5: 1 file, 7 B" in str(made) and made.variables["KERAS_HOME"] == str(tmp_path / "out/keras")
    assert json.dumps(made.to_json())


def test_what_was_damaged_since_is_fetched_again_and_the_rest_is_not(tmp_path: Path, weights: list[int]) -> None:
    for _ in range(2):
        fetching.fetch("medical", output="out")
    assert len(weights) == 1
    (tmp_path / "out/keras/models/a.h5").write_bytes(b"weighty")
    fetching.fetch("medical", output="out")
    assert len(weights) == 2 and (tmp_path / "out/keras/models/a.h5").read_bytes() == b"weights"


def test_without_a_folder_the_list_lies_where_the_command_was_given(
    tmp_path: Path, weights: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "KERAS_HOME", str(tmp_path / "home"))
    made = fetching.fetch("medical")
    assert (made.lock.name, made.script, made.variables) == ("medical.fetched.json", None, {})
    assert "checksums: " in str(made)


def test_wheels_go_along_with_the_command_that_installs_them(
    tmp_path: Path, weights: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(folder: Path, report: object) -> tuple[list[Fetched], str]:
        folder.mkdir()
        (folder / "a.whl").write_bytes(b"w")
        return [Fetched(folder / "a.whl", "pip")], "python -m pip install --no-index"

    monkeypatch.setattr(fetching, "gather_wheels", gather)
    made = fetching.fetch("medical", output="out", wheels="out/wheels") if (tmp_path / "out").mkdir() is None else None
    assert made is not None and set(made.files) == {"keras/models/a.h5", "wheels/a.whl"}
    assert "install without a network: python -m pip install --no-index" in str(made)


def test_a_wrong_configuration_is_refused_before_anything_is_fetched(weights: list[int]) -> None:
    done = CliRunner().invoke(main, ["fetch", "medical", "--set", "phases.head.epochs=0"])
    assert done.exit_code == 2 and weights == []


@pytest.mark.parametrize("name", ["thesis.tex", "out/link"])
def test_a_list_from_elsewhere_deletes_nothing_of_the_user(tmp_path: Path, weights: list[int], name: str) -> None:
    fetching.fetch("medical", output="out")
    (tmp_path / "thesis.tex").write_text("mine")
    (tmp_path / "out/link").symlink_to(tmp_path / "thesis.tex")
    list_of = json.loads((tmp_path / "out/fetched.json").read_text())
    entry = {"bytes": 3, "sha256": "00", "source": "x"}
    for place in (str(tmp_path / name), os.path.relpath(tmp_path / name, "out")):
        list_of["files"] = {place: entry}
        (tmp_path / "out/fetched.json").write_text(json.dumps(list_of))
        with pytest.raises(DataError, match="lies in none of the places of fetched files, so it is left alone"):
            fetching.fetch("medical", output="out")
    assert (tmp_path / "thesis.tex").read_text() == "mine"
