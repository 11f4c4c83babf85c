from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.rewrite import write_rate
from kerastune_ft.errors import ConfigError

START = """{
  "// why": "a comment, and ü",
  "task": {"kind": "image_classification"}, "data": {"kind": "folder", "path": "photos"},
  "backbone": {"kind": "applications", "name": "MobileNetV2"},
"""
LISTED = (
    START
    + """  "phases": [ {"name": "head", "unfreeze": "none",   "epochs": 2, "learning_rate": 1e-3},
    {"name": "top", "unfreeze": "all", "epochs": 2,
     "learning_rate": {"shape": "cosine", "peak" : 0.00010, "// peak": "found by hand"} } ]
}
"""
)


def write(folder: Path, text: str, name: str = "mine.json") -> Path:
    (folder / name).write_bytes(text.encode())
    return folder / name


@pytest.mark.parametrize(("phase", "before", "after"), [("head", "1e-3", "0.0049"), ("top", "0.00010", "0.0049")])
@pytest.mark.parametrize(("mark", "ends"), [("", "\n"), ("\ufeff", "\r\n")])
def test_nothing_but_the_rate_changes(
    tmp_path: Path, phase: str, before: str, after: str, mark: str, ends: str
) -> None:
    text = mark + LISTED.replace("\n", ends)
    path = write(tmp_path, text)
    assert write_rate(str(path), phase, 0.0049) == (path, before)
    assert path.read_bytes().decode() == text.replace(before, after)
    assert {each.name: each.rate_policy.peak for each in read(path).phases}[phase] == 0.0049
    assert [each.name for each in tmp_path.iterdir()] == ["mine.json"]


def test_a_preset_becomes_its_phases(tmp_path: Path) -> None:
    path = write(tmp_path, START + """  "phases": {"preset": "head_then_top", "epochs": 3},   "seed": 4}""")
    known = read(path)
    write_rate(path, "top", 0.002)
    found = read(path)
    assert path.read_text().startswith(START) and path.read_text().endswith(',   "seed": 4}')
    assert found.phases[0] == known.phases[0] and found.phases[1].rate_policy.peak == 0.002
    assert (found.phases[1].epochs, found.phases[1].rate_policy.shape) == (3, "cosine")


def test_a_rate_that_other_places_say_is_not_written(tmp_path: Path) -> None:
    write(tmp_path, LISTED, "team.json")
    path = write(tmp_path, """{"extends": "team.json", "seed": 3}""")
    with pytest.raises(ConfigError, match="is not in this file, but in one that it extends"):
        write_rate(path, "head", 0.1)
    shared = (
        START
        + """ "defaults": {"learning_rate": 0.1}, "phases": [{"name": "head", "unfreeze": "none", "epochs": 1}]}"""
    )
    path = write(tmp_path, shared)
    with pytest.raises(ConfigError, match=r"is written in defaults, for all phases; write it in the phase: 0\.2"):
        write_rate(path, "head", 0.2)
    assert path.read_text() == shared
    with pytest.raises(ConfigError, match="medical comes with the package"):
        write_rate("medical", "head", 0.1)
