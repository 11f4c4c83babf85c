from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence

import pytest
from packaging.requirements import Requirement

from kerastune_ft.training import requirements


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    packages: dict[str, tuple[str, Sequence[str]]] = {
        "kerastune_ft": (
            "0.1",
            ["keras>=3", "optuna; extra == 'search'", "uvloop; sys_platform == 'win32'", "=broken="],
        ),
        "keras": ("3.15", ["rich", "h5py[mpi]"]),
        "rich": ("14.0rc1", ["keras"]),
        "h5py": ("3", ["numpy>=2; extra == 'mpi'", "gone; extra == 'other'"]),
    }

    def look_up(name: str) -> tuple[str, Sequence[str]]:
        if name not in packages:
            raise importlib.metadata.PackageNotFoundError(name)
        return packages[name]

    monkeypatch.setattr(importlib.metadata, "version", lambda name: look_up(name)[0])
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: look_up(name)[1])


def test_requirements_are_those_of_this_platform_and_extra() -> None:
    assert [str(one) for one in requirements.list_requirements("kerastune_ft")] == ["keras>=3"]
    assert [one.name for one in requirements.list_requirements("kerastune_ft", "search")] == ["optuna"]


@pytest.mark.parametrize(
    ("wanted", "lack"),
    [("keras>=3", ""), ("rich>=13", ""), ("keras>=4", "keras>=4, here is 3.15"), ("gone>1", "gone>1")],
)
def test_a_lack_is_what_is_not_here_or_of_another_version(wanted: str, lack: str) -> None:
    found = requirements.find_lack(Requirement(wanted), "somebody")
    assert str(found or "") == lack


def test_an_extra_lacks_its_packages() -> None:
    assert [str(lack) for lack in requirements.find_lacks_of("search")] == ["optuna"]


def test_all_that_is_required_is_walked_once_with_extras_and_who_wants_it() -> None:
    walked = requirements.walk_requirements(requirements.list_requirements("kerastune_ft"))
    assert [(one.name, by) for one, by in walked] == [
        ("keras", "kerastune_ft"), ("rich", "keras"), ("h5py", "keras"), ("keras", "rich"), ("numpy", "h5py"),
    ]  # fmt: skip
