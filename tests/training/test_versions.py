"""The versions that a run was computed with, over all its starts."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from kerastune_ft.training.versions import (
    PACKAGES,
    add_versions,
    describe_versions,
    find_versions,
    list_versions,
    version_history,
)

FIRST = {"python": "3.11.1", "keras": "3.11.0", "numpy": "2.1.0"}
SECOND = {**FIRST, "keras": "3.14.0"}
THIRD = {**FIRST, "keras": "3.15.0"}


def test_all_packages_that_compute_are_found() -> None:
    found = find_versions()
    assert found["python"] == platform.python_version()
    for name in ("tensorflow", "keras", "keras-hub", "tensorflow-text", "numpy", "scipy", "scikit-learn", "pillow"):
        assert name in PACKAGES
        assert found[name] == importlib.metadata.version(name)


def test_the_first_versions_stay_and_later_ones_are_added_where_they_differ() -> None:
    manifest: dict[str, Any] = {}
    for versions in (FIRST, FIRST, SECOND, SECOND, THIRD):
        manifest |= add_versions(manifest, versions)
    assert manifest["versions"] == FIRST
    assert list_versions(manifest) == [FIRST, SECOND, THIRD]
    assert [sorted(entry) for entry in manifest["later_versions"]] == [["since", "versions"]] * 2
    assert version_history(manifest) == {"python": "3.11.1", "keras": "3.11.0 -> 3.14.0 -> 3.15.0", "numpy": "2.1.0"}


def test_changes_since_the_run_began_are_said() -> None:
    manifest = {"versions": FIRST, "parts": {}}
    assert describe_versions(manifest, FIRST) == []
    assert describe_versions(manifest, SECOND) == ["changed since the run began: keras 3.11.0 -> 3.14.0"]
    manifest |= add_versions(manifest, SECOND)
    assert describe_versions(manifest, THIRD) == ["changed since the run began: keras 3.11.0 -> 3.14.0 -> 3.15.0"]
    assert describe_versions(manifest, FIRST) == ["changed since the run began: keras 3.11.0 -> 3.14.0 -> 3.11.0"]


def test_a_package_that_came_or_went_is_a_change() -> None:
    manifest = {"versions": {**FIRST, "pydicom": "3.0.0"}, "parts": {}}
    assert describe_versions(manifest, {**FIRST, "soundfile": "0.13.0"}) == [
        "changed since the run began: pydicom 3.0.0 -> not installed, soundfile not installed -> 0.13.0"
    ]


def test_what_an_earlier_run_did_not_record_is_said() -> None:
    assert describe_versions({"versions": FIRST}, {**SECOND, "scipy": "1.15.0"}) == [
        "changed since the run began: keras 3.11.0 -> 3.14.0",
        "the run did not record which versions of scipy it began with, so whether they changed is not known",
    ]
    assert describe_versions({}, FIRST) == []
