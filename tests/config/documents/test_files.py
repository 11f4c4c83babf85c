from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL, problems_of


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory; give a configuration file"):
        read(tmp_path)
    with pytest.raises(ConfigError, match="it does not exist"):
        read(tmp_path / "nothing.json")
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(ConfigError, match=r'did you mean ".*mine\.json"'):
        read(tmp_path / "mien.json")
    with pytest.raises(ConfigError, match='did you mean the configuration "medical"'):
        read("medcal")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}".encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
        ("{}".encode("utf-16-le"), "the file is UTF-16; save it as UTF-8"),
        (b'{\n "a": "\xe9"}', "byte 0xe9 is not UTF-8"),
        (b" " * 2_000_001, "has more than 2 MB"),
        (b"", "start from configs/medical.json"),
        (b"[1]", "a configuration is an object"),
    ],
)
def test_contents_that_are_no_configuration(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    found = problems_of(path)
    assert len(found) == 1
    assert message in found[0].message


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(MINIMAL), encoding="utf-8-sig")
    assert read(path).name == "a"
