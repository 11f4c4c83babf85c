"""Check a run directory: every hash, number and weight that can be checked is checked again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kerastune_ft.errors import ConfigError, DataError, PromiseError
from kerastune_ft.notebook.speech import speak
from kerastune_ft.rundir import MANIFEST, RunDirectory, is_held
from kerastune_ft.storage import expand_home
from kerastune_ft.verification import files, folds, metrics, saved_model, unknown, weights
from kerastune_ft.verification.run_record import RESTORE, Finding, Findings, RunRecord
from kerastune_ft.wording import counted

_CHECKS: tuple[tuple[str, Callable[[RunRecord, Findings], str | None]], ...] = (
    ("files", files.check_listed_files),
    ("strays", files.check_stray_files),
    ("agreement", files.check_agreement),
    ("weights", weights.check_best_weights),
    ("frozen", weights.check_frozen),
    ("chain", weights.check_phase_chain),
    ("checkpoints", weights.check_checkpoints),
    ("history", metrics.check_history),
    ("predictions", metrics.check_predictions),
    ("metrics", metrics.check_metrics),
    ("model", saved_model.check_saved_model),
    ("unknown", unknown.check_unknown),
)
# A member of a cross-validation has no model and no predictions of its own.
_CHECKS_OF_MEMBERS = tuple(
    (name, check) for name, check in _CHECKS if name not in ("predictions", "metrics", "model", "unknown")
)
# Checks of what only some configurations ask for.
_ASKED_FOR = frozenset({"unknown", "folds"})
# What reading files that were tampered with may raise: any part of them may be missing or of another type.
_UNREADABLE = (ConfigError, DataError, OSError, KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True)
class Check:
    """The outcome of one check: a sentence on what holds, or what is wrong."""

    name: str
    sentence: str | None
    """None where the run has nothing yet to check."""
    findings: tuple[Finding, ...]

    @property
    def result(self) -> str:
        """Return `holds`, `warning`, `broken`, or `nothing` where there is nothing to check."""
        if any(finding.is_broken for finding in self.findings):
            return "broken"
        if self.findings:
            return "warning"
        return "nothing" if self.sentence is None else "holds"

    @property
    def is_left_out(self) -> bool:
        """Whether this is a check of something that the run was not asked for."""
        return self.name in _ASKED_FOR and self.result == "nothing"

    def lines(self) -> list[str]:
        """Return the check in a line, and a line for each finding."""
        text = counted(len(self.findings), "finding") if self.findings else self.sentence or "there is nothing to check"
        return [f"{self.result:8} {self.name:12} {text}", *(f"  {finding}" for finding in self.findings)]

    def to_json(self) -> dict[str, Any]:
        """Return the check as a JSON object."""
        findings = [finding.to_json() for finding in self.findings]
        return {"check": self.name, "result": self.result, "told": self.sentence, "findings": findings}


@dataclass(frozen=True, repr=False)
class Verification:
    """The outcome of all checks of a run; printed, it is a line per check."""

    run: str
    state: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Return whether nothing that the run claims is broken; warnings are not counted."""
        return all(check.result != "broken" for check in self.checks)

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command."""
        return 0 if self.holds else PromiseError.exit_code

    def __str__(self) -> str:
        broken = [check.name for check in self.checks if check.result == "broken"]
        last = f"all that {self.run} claims holds" if self.holds else f"{self.run} is broken: {', '.join(broken)}"
        text = [line for check in self.checks for line in check.lines()] + [f"{last} (state: {self.state})"]
        return speak("\n".join(text))

    __repr__ = __str__

    def to_json(self) -> dict[str, Any]:
        """Return the verification as a JSON object."""
        return {
            "run": self.run,
            "state": self.state,
            "holds": self.holds,
            "checks": [check.to_json() for check in self.checks],
        }


def verify(run: str | os.PathLike[str]) -> Verification:
    """Check again everything that a run directory says of itself; of a run under way, the files that are there.

    Nothing is written and TensorFlow is not needed. `holds` is False where a promise is broken; a damaged checkpoint,
    an unlisted or a half-written file is a warning. Raises ConfigError where there is no run, and PermissionError where
    this user may not read one of its files.

    >>> print(verify("runs/medical-1"))              # doctest: +SKIP
    """
    directory = RunDirectory(expand_home(run))
    if not any(directory.exists(name) for name in ("config.json", MANIFEST)):
        raise ConfigError(
            f"{os.fspath(run)} is no run directory: it has neither config.json nor {MANIFEST}; give one that `run` "
            "wrote (`runs DIR` lists them)"
        )
    try:
        record = RunRecord(directory, is_held(directory))
    except PermissionError:
        raise
    except _UNREADABLE as error:
        return Verification(os.fspath(run), "damaged", (Check("claims", None, (_report_unreadable("", error),)),))
    checks = tuple(_run_check(name, check, record) for name, check in (*_CHECKS, ("folds", _check_folds)))
    return Verification(os.fspath(run), record.state, tuple(check for check in checks if not check.is_left_out))


def _check_folds(record: RunRecord, findings: Findings) -> str | None:
    return folds.check_folds(record, findings, _list_findings)


def _list_findings(member: RunRecord) -> list[Finding]:
    """Return what the checks of its training find of a member of a cross-validation."""
    return [found for name, check in _CHECKS_OF_MEMBERS for found in _run_check(name, check, member).findings]


def _run_check(name: str, check: Callable[[RunRecord, Findings], str | None], record: RunRecord) -> Check:
    findings = Findings()
    try:
        sentence = check(record, findings)
    except PermissionError:
        # What this user may not read is not broken.
        raise
    except _UNREADABLE as error:
        sentence = None
        findings.found.append(_report_unreadable(name, error))
    return Check(name, sentence, tuple(findings.found))


def _report_unreadable(name: str, error: Exception) -> Finding:
    text = str(error) if isinstance(error, ConfigError | DataError) else f"{type(error).__name__} {error}"
    return Finding(name or "claims", f"the files cannot be followed ({' '.join(text.split())})", RESTORE, True)
