"""Packages that kerastune_ft needs, and those that some of its features need, as its metadata name them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kerastune_ft.doctor.finding import BROKEN, NOTE, OK, WARNING, Finding, Section

PACKAGE = "kerastune_ft"
FEATURES: Mapping[str, str] = {
    "audio": "FLAC, OGG and MP3 sounds",
    "excel": "tables in .xlsx files",
    "export": "export to ONNX and LiteRT",
    "medical": "DICOM files",
    "mlflow": "tracking in MLflow",
    "search": "search of settings",
    "serve": "the server",
    "wandb": "tracking in Weights & Biases",
}
"""What each extra of the package is for. Those of devices and of tests are left out: devices are looked at."""


@dataclass(frozen=True)
class Lack:
    """A requirement that is not met: what is wanted, and the version that is here, if any."""

    wanted: Requirement
    here: str | None
    wanted_by: str

    @property
    def specification(self) -> str:
        """Return the requirement as pip takes it."""
        return f"{self.wanted.name}{self.wanted.specifier}"

    def __str__(self) -> str:
        return self.specification + (f", here is {self.here}" if self.here else "")


def examine_requirements() -> Section:
    """Return what of the required packages is missing or of the wrong version, and which features lack packages."""
    try:
        needed = list(list_requirements(PACKAGE))
    except importlib.metadata.PackageNotFoundError:
        text = "kerastune_ft is imported from a folder that was not installed, so its requirements are not known"
        return Section("packages", [Finding(text, WARNING, "python -m pip install -e FOLDER")])
    lacking = [lack for requirement in needed if (lack := find_lack(requirement, PACKAGE))]
    findings = [
        Finding(f"kerastune_ft needs {lack}", BROKEN, f'python -m pip install "{lack.specification}"')
        for lack in lacking
    ]
    inner = list(_find_inner_lacks({canonicalize_name(requirement.name) for requirement in needed}))
    findings += [Finding(f"{lack.wanted_by} asks for {lack}", WARNING) for lack in inner]
    if not findings:
        findings.append(Finding("all required packages are here, in versions that go together"))
    missing = {extra: lacks for extra in FEATURES if (lacks := _find_lacks_of(extra))}
    findings += [_describe_feature(extra, lacks) for extra, lacks in missing.items()]
    there = [FEATURES[extra] for extra in list_extras() if extra in FEATURES and extra not in missing]
    if there:
        findings.append(Finding(f"extras that are here: {', '.join(there)}"))
    return Section(
        "packages",
        sorted(findings, key=lambda finding: finding.level != OK),
        {
            "broken": [str(lack) for lack in lacking],
            "conflicts": [f"{lack.wanted_by}: {lack}" for lack in inner],
            "missing": {extra: [str(lack) for lack in lacks] for extra, lacks in missing.items()},
        },
    )


def list_requirements(name: str, extra: str = "") -> Iterator[Requirement]:
    """Yield what a distribution requires here, or with `extra` what that extra adds."""
    for text in importlib.metadata.requires(name) or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        is_plain = marker is None or marker.evaluate({"extra": ""})
        if is_plain if not extra else (not is_plain and marker is not None and marker.evaluate({"extra": extra})):
            yield requirement


def list_extras() -> list[str]:
    """Return the extras that the installed package declares."""
    return importlib.metadata.metadata(PACKAGE).get_all("Provides-Extra") or []


def find_lack(requirement: Requirement, wanted_by: str) -> Lack | None:
    """Return what is lacking of a requirement; None where it is met."""
    try:
        here = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Lack(requirement, None, wanted_by)
    return None if requirement.specifier.contains(here, prereleases=True) else Lack(requirement, here, wanted_by)


def _find_inner_lacks(names: set[str]) -> Iterator[Lack]:
    """Yield what packages below the required ones ask for and do not have."""
    seen, waiting = set(names), sorted(names)
    while waiting:
        name = waiting.pop()
        try:
            requirements = list(list_requirements(name))
        except importlib.metadata.PackageNotFoundError:
            continue
        for requirement in requirements:
            if lack := find_lack(requirement, name):
                yield lack
            inner = canonicalize_name(requirement.name)
            if inner not in seen:
                seen.add(inner)
                waiting.append(inner)


def _find_lacks_of(extra: str) -> list[Lack]:
    return [lack for requirement in list_requirements(PACKAGE, extra) if (lack := find_lack(requirement, extra))]


def _describe_feature(extra: str, lacks: list[Lack]) -> Finding:
    names = ", ".join(lack.wanted.name for lack in lacks)
    return Finding(f"{FEATURES[extra]}: {names} missing", NOTE, f'python -m pip install "{PACKAGE}[{extra}]"')
