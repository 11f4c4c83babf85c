"""Whether a run directory is what it claims to be: every hash, number and weight that can be checked, checked again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kerastune_ft.errors import ConfigError, DataError, PromiseError
from kerastune_ft.rundir import MANIFEST, RunDirectory, is_held
from kerastune_ft.verification import files, metrics, saved_model, weights
from kerastune_ft.verification.run_record import RESTORE, Claims, Finding, Findings

_CHECKS: tuple[tuple[str, Callable[[Claims, Findings], str | None]], ...] = (
    ("files", files.listed),
    ("strays", files.strays),
    ("agreement", files.agreement),
    ("weights", weights.best),
    ("frozen", weights.frozen),
    ("chain", weights.chained),
    ("checkpoints", weights.checkpoints),
    ("history", metrics.history),
    ("predictions", metrics.predictions),
    ("metrics", metrics.metrics),
    ("model", saved_model.saved),
)
# What reading files that were tampered with may raise, whichever part of them is missing or of another kind.
_UNREADABLE = (ConfigError, DataError, OSError, KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True)
class Check:
    """One check: what it looked at, in a sentence, and what it found wrong."""

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

    def lines(self) -> list[str]:
        """Return the check in a line, and a line for each finding."""
        found = f"{len(self.findings)} finding{'' if len(self.findings) == 1 else 's'}"
        told = found if self.findings else self.sentence or "not there yet"
        return [f"{self.result:8} {self.name:12} {told}", *(f"  {finding}" for finding in self.findings)]

    def to_json(self) -> dict[str, Any]:
        """Return the check as a JSON object."""
        findings = [finding.to_json() for finding in self.findings]
        return {"check": self.name, "result": self.result, "told": self.sentence, "findings": findings}


@dataclass(frozen=True)
class Verification:
    """What came of verifying a run; printed, it is a line per check."""

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
        return "\n".join([line for check in self.checks for line in check.lines()] + [f"{last} (state: {self.state})"])

    def to_json(self) -> dict[str, Any]:
        """Return the verification as a JSON object."""
        return {
            "run": self.run,
            "state": self.state,
            "holds": self.holds,
            "checks": [check.to_json() for check in self.checks],
        }


def verify(run: str | os.PathLike[str]) -> Verification:
    """Check again everything that a run directory claims; a run under way is checked for what it has.

    Nothing is written and TensorFlow is not needed. `holds` is False where a promise is broken; a damaged checkpoint,
    an unlisted or a half-written file is a warning. Raises ConfigError where there is no run.

    >>> print(verify("runs/medical-1"))              # doctest: +SKIP
    """
    opened = RunDirectory(run)
    if not any(opened.exists(name) for name in ("config.json", MANIFEST)):
        raise ConfigError(
            f"{os.fspath(run)} is no run directory: it has neither config.json nor {MANIFEST}; give one that `run` "
            "wrote (`runs DIR` lists them)"
        )
    try:
        claims = Claims(opened, is_held(opened))
    except _UNREADABLE as error:
        return Verification(os.fspath(run), "damaged", (Check("claims", None, (_unreadable("", error),)),))
    checks = tuple(_checked(name, check, claims) for name, check in _CHECKS)
    return Verification(os.fspath(run), claims.state, checks)


def _checked(name: str, check: Callable[[Claims, Findings], str | None], claims: Claims) -> Check:
    findings = Findings()
    try:
        sentence = check(claims, findings)
    except _UNREADABLE as error:
        sentence = None
        findings.found.append(_unreadable(name, error))
    return Check(name, sentence, tuple(findings.found))


def _unreadable(name: str, error: Exception) -> Finding:
    told = str(error) if isinstance(error, ConfigError | DataError) else f"{type(error).__name__} {error}"
    return Finding(name or "claims", f"the files cannot be followed ({' '.join(told.split())})", RESTORE, True)
