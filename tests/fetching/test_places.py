from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kerastune_ft.fetching import places


def test_libraries_are_led_below_one_folder_also_after_it_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    chosen = places.choose_folders(tmp_path / "a")
    assert chosen["KERAS_HOME"] == str(tmp_path / "a/keras") == os.environ["KERAS_HOME"]
    (tmp_path / "a").mkdir()
    places.write_script(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b c")
    script = f"source '{tmp_path}/b c/{places.SCRIPT}' && env"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    variables = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert {name: variables[name] for name in chosen} == {
        name: value.replace(str(tmp_path / "a"), str(tmp_path / "b c")) for name, value in chosen.items()
    }


def test_caches_are_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    places.choose_folders(tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in places.list_caches()} == {
        "keras", "kagglehub", "huggingface", "modelscope", "tfds",
    }  # fmt: skip
