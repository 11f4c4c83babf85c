"""Packages that kerastune_ft needs, and those that some of its features need, as its metadata name them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping

from kerastune_ft.doctor.finding import BROKEN, NOTE, OK, WARNING, Finding, Section
from kerastune_ft.training.requirements import (
    PACKAGE,
    Lack,
    find_lack,
    find_lacks_of,
    list_extras,
    list_requirements,
    walk_requirements,
)

FEATURES: Mapping[str, str] = {
    "audio": "FLAC, OGG and MP3 sounds",
    "detection": "metrics of object_detection",
    "excel": "tables in .xlsx files",
    "export": "export to ONNX and LiteRT",
    "medical": "DICOM files",
    "mlflow": "tracking in MLflow",
    "search": "search of settings",
    "serve": "the server",
    "wandb": "tracking in Weights & Biases",
}
"""What each extra of the package is for. Those of devices and of tests are left out: devices are looked at."""


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
    inner = [
        lack for requirement, by in walk_requirements(needed) if by != PACKAGE and (lack := find_lack(requirement, by))
    ]
    findings += [Finding(f"{lack.wanted_by} asks for {lack}", WARNING) for lack in inner]
    if not findings:
        findings.append(Finding("all required packages are here, in versions that go together"))
    missing = {extra: lacks for extra in FEATURES if (lacks := find_lacks_of(extra))}
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


def _describe_feature(extra: str, lacks: list[Lack]) -> Finding:
    names = ", ".join(lack.wanted.name for lack in lacks)
    return Finding(f"{FEATURES[extra]}: {names} missing", NOTE, f'python -m pip install "{PACKAGE}[{extra}]"')
