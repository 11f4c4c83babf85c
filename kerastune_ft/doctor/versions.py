"""Versions of Python and the packages, those that were tried, and combinations that are known to fail."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING, Finding, Section
from kerastune_ft.training.versions import find_versions

TRIED = {"python": ("3.11", "3.13"), "tensorflow": ("2.20", "2.21"), "keras": ("3.13", "3.15"),
         "keras-hub": ("0.26", "0.32")}  # fmt: skip
"""The oldest and the newest release of each that was tried, as docs/running.md has it."""
# Distributions that bring the same files, of which the one installed last stays.
_SAME_FILES = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tf-nightly", "tf-nightly-cpu", "tensorflow-tpu")
_BESIDE = ("tensorflow-tpu", "libtpu", "tf-keras", "h5py", "protobuf", "kagglehub", "huggingface_hub", "optuna")


def examine_versions() -> Section:
    """Return the versions that are here with what is known of them."""
    found = find_versions()
    found |= {name: version for name in (*_SAME_FILES, *_BESIDE) if (version := _version_of(name))}
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    facts = {**found, "system": system, "libc": " ".join(platform.libc_ver())}
    package = found.pop("kerastune_ft", "that is not installed, but imported from a folder")
    first = f"kerastune_ft {package}, Python {found.pop('python')}, {system} ({facts['libc']})"
    rest = ", ".join(f"{name} {version}" for name, version in found.items())
    return Section("versions", [Finding(first), Finding(rest), *list_faults(facts, sys.flags.optimize)], facts)


def _version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def list_faults(versions: Mapping[str, str], optimize: int = 0) -> list[Finding]:
    """Return what is wrong with versions by name, and which of them were not tried."""
    faults = [finding for name, span in TRIED.items() if (finding := _compare_span(name, versions.get(name), span))]
    faults += _find_mismatches(versions)
    if optimize > 1:
        faults.append(
            Finding("Python leaves docstrings out (-OO), which keras-hub needs", BROKEN, "unset PYTHONOPTIMIZE")
        )
    return faults


def _compare_span(name: str, version: str | None, span: tuple[str, str]) -> Finding | None:
    minor = _minor(version)
    if version is None or minor is None:
        return None
    oldest, newest = (Version(end).release for end in span)
    if minor < oldest:
        remedy = "install a newer Python" if name == "python" else f'python -m pip install "{name}>={span[0]}"'
        return Finding(f"{name} {version} is older than the oldest that was tried, {span[0]}", WARNING, remedy)
    if minor > newest:
        return Finding(f"{name} {version} is newer than the newest that was tried, {span[1]}", NOTE)
    return None


def _minor(version: str | None) -> tuple[int, ...] | None:
    try:
        return None if version is None else Version(version).release[:2]
    except InvalidVersion:
        return None


def _find_mismatches(versions: Mapping[str, str]) -> list[Finding]:
    found = []
    core, text = _minor(versions.get("tensorflow")), _minor(versions.get("tensorflow-text"))
    if core and text and core != text:
        wanted = ".".join(map(str, core))
        found.append(
            Finding(
                f"tensorflow-text {versions['tensorflow-text']} is built for another TensorFlow than "
                f"{versions['tensorflow']}, and keras-hub needs it",
                BROKEN,
                f'python -m pip install "tensorflow-text=={wanted}.*"',
            )
        )
    several = [name for name in _SAME_FILES if name in versions]
    if len(several) > 1 and "tensorflow-tpu" not in several:
        found.append(
            Finding(
                f"{' and '.join(several)} bring the same files, of which the last installed stays",
                WARNING,
                f"python -m pip uninstall -y {' '.join(several[1:])}\n"
                f'python -m pip install --force-reinstall --no-deps "{several[0]}=={versions[several[0]]}"',
            )
        )
    tpu, libtpu = _minor(versions.get("tensorflow-tpu")), versions.get("libtpu")
    if tpu and core and tpu != core:
        found.append(
            Finding(
                f"tensorflow-tpu {versions['tensorflow-tpu']} and tensorflow {versions['tensorflow']} do not go "
                "together",
                BROKEN,
                'python -m pip install "tensorflow==2.20.*" "tensorflow-text==2.20.*" "tensorflow-tpu==2.20.*"\n'
                'python -m pip install --force-reinstall --no-deps "tensorflow-tpu==2.20.*"',
            )
        )
    if tpu and libtpu and libtpu != "0.0.14":
        found.append(
            Finding(
                f"libtpu {libtpu}: releases after 0.0.14 may end the process when TensorFlow starts the TPU",
                WARNING,
                'python -m pip install "libtpu==0.0.14"',
            )
        )
    return found
