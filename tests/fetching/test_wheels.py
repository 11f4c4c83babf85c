from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.fetching import wheels


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these packages, with version and requirements, be all that is installed."""
    packages: dict[str, tuple[str, Sequence[str]]] = {
        "kerastune_ft": ("0.1", ["One_Package>=1", "here; extra == 'a'", "gone; extra == 'b'"]),
        "One_Package": ("1.2", ["deeper"]),
        "one-package": ("1.2", ["deeper"]),
        "deeper": ("3+local", ["absent; python_version < '3'"]),
        "here": ("4", []),
    }

    def look_up(name: str) -> tuple[str, Sequence[str]]:
        if name not in packages:
            raise importlib.metadata.PackageNotFoundError(name)
        return packages[name]

    monkeypatch.setattr(importlib.metadata, "version", lambda name: look_up(name)[0])
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: look_up(name)[1])
    monkeypatch.setattr(wheels, "list_extras", lambda: ["a", "b"])


def test_an_installation_is_all_that_it_needs_with_the_extras_that_are_whole(installed: None) -> None:
    found = wheels.describe_installation()
    assert list(found.pins) == ["deeper==3+local", "here==4", "one-package==1.2"]
    assert found.package == "kerastune_ft[a]"


def write_wheel(folder: Path, name: str, version: str) -> None:
    """Write the smallest wheel that pip takes."""
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")


@pytest.mark.slow
def test_pip_brings_the_versions_that_are_here_and_installs_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, target = tmp_path / "index", tmp_path / "wheels"
    index.mkdir()
    for version in ("1.0", "1.1", "2.0"):
        write_wheel(index, "tinypackage", version)
    monkeypatch.setattr(wheels, "describe_installation", lambda: wheels.Installation(["tinypackage==1.1"], []))
    monkeypatch.setattr(wheels, "find_origin", lambda: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    said: list[str] = []
    fetched, command = wheels.gather_wheels(target, said.append)
    assert [each.path.name for each in fetched] == ["tinypackage-1.1-py3-none-any.whl"]
    assert "cannot be made" in said[-1] and f"--find-links {target}" in command and command.endswith('"kerastune_ft"')
    monkeypatch.delenv("PIP_FIND_LINKS")
    words = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--find-links", str(target)]
    done = subprocess.run([*words, "-r", str(target / wheels.LIST)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Would install tinypackage-1.1" in done.stdout


@pytest.mark.slow
def test_a_wheel_that_pip_cannot_bring_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "describe_installation", lambda: wheels.Installation(["tinypackage==9"], []))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ConfigError, match=r"pip download failed: ERROR: .*tinypackage==9"):
        wheels.gather_wheels(tmp_path / "wheels", lambda line: None)


def test_where_this_package_comes_from_is_known() -> None:
    origin = wheels.find_origin()
    assert origin is None or origin.is_absolute()
