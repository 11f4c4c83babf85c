"""The stage of a run that chooses its phases: what is measured in which order, within which cost, and what follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.run import RunConfig
from kerastune_ft.durations import format_duration
from kerastune_ft.errors import ConfigError, DivergedError
from kerastune_ft.probing.cuts import choose_units
from kerastune_ft.probing.features import estimate_seconds, read_cuts, read_final
from kerastune_ft.probing.probe import Probe, fit_probe, headline, raw_strengths
from kerastune_ft.probing.record import Record
from kerastune_ft.scheduling import budget, rules
from kerastune_ft.scheduling.rules import Boundary, Facts, ProbeResult, TrialResult
from kerastune_ft.scheduling.trials import for_measuring, plan_trial, run_trial, start_from
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.reuse import StepReuse

_FEATURES = "features"
LayKeys = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]
"""Lays the keys beside `auto`, and the configuration's `defaults`, over phases."""


@dataclass(frozen=True)
class Choice:
    """Phases that were chosen, and what was measured for them."""

    phases: list[dict[str, Any]]
    measured: list[str]
    """A sentence for each measurement."""
    reasons: list[str]
    limit: float
    """Estimated seconds that measurements might take."""
    spent: float
    """Estimated seconds that they took."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object of all but the phases."""
        return {
            "measured": self.measured,
            "reasons": self.reasons,
            "limit_seconds": self.limit,
            "estimated_seconds": self.spent,
        }


def find_facts(session: Session) -> Facts:
    """Return what is known of a session before anything is measured."""
    try:
        metric, _ = headline(session.config.task)
    except ConfigError:
        metric = ""
    return Facts(
        train=len(session.source.splits["train"]),
        can_augment=session.backbone.input.image_size != (0, 0),
        can_probe=bool(metric) and _has_plain_head(session.config),
        metric=metric,
    )


def _has_plain_head(config: RunConfig) -> bool:
    """Return whether the head is a new linear one that trains on the task's own loss, as a solver sets it."""
    own = config.python
    is_own = own is not None and (own.head is not None or own.loss is not None)
    return not (config.head.hidden or is_own or getattr(config.backbone, "head", "new") == "keep")


class Stage:
    """Measures what the schedule of a run is chosen by, and chooses it; what `record` has is not measured again."""

    def __init__(
        self,
        session: Session,
        record: Record,
        folder: Path,
        lay: LayKeys,
        seconds: float | None,
        watch: Watcher,
        stop: StopRequest,
    ) -> None:
        """Trials lie in `folder` while they last. `seconds` bounds the estimated cost of all measurements.

        Without it a third of that of the run does, half of what all units at the usual rate cost.
        """
        session = for_measuring(session)
        self._session, self._record, self._folder, self._lay = session, record, folder, lay
        self._watch, self._stop = watch, stop
        self._facts = find_facts(session)
        self._limit = seconds if seconds is not None else budget.SHARE * self._usual_seconds()
        self._spent = 0.0
        self._head: Probe | None = None
        self._reuse = StepReuse()
        self._measured: list[str] = []
        self._reasons: list[str] = []

    def choose(self) -> Choice:
        """Return the chosen phases."""
        self._watch.note(
            f"choosing phases by measurement, in an estimated {format_duration(self._limit)} at most; the test split "
            "is not read"
        )
        probes = self._probe()
        boundaries, why = rules.choose_boundaries(probes)
        self._reason(why)
        final = next((probe for probe in probes if probe.cut == _FEATURES), None)
        phases = [self._choose_head(final), *self._choose_later(boundaries, final)]
        return Choice(self._lay(phases), self._measured, self._reasons, self._limit, self._spent)

    def _usual_seconds(self) -> float:
        """Return the estimated seconds of the usual schedule."""
        later = rules.later_phase(self._facts, rules.ALL, rules.USUAL)
        (phase,) = self._lay([later])[-1:]
        return budget.schedule_seconds(plan_trial(self._session, phase)) + estimate_seconds(self._session)

    def _say(self, text: str) -> None:
        self._measured.append(text)
        self._watch.note(text)

    def _reason(self, text: str) -> None:
        self._reasons.append(text)
        self._watch.note(text)

    def _probe(self) -> list[ProbeResult]:
        """Return the probes at several cuts, or nothing for a task that has none."""
        if not self._facts.can_probe:
            return []
        cost = estimate_seconds(self._session)
        units = choose_units(self._session)
        if 2 * cost > self._limit:
            # One pass for what the run reads itself, and none for the cuts inside.
            units = ()
        self._spent += cost * (2 if units else 1)
        found = [ProbeResult(**each) for each in self._record.recall("probes", lambda: self._fit_probes(units))]
        for line in rules.describe_probes(self._facts, found):
            self._say(line)
        return found

    def _fit_probes(self, units: Sequence[str]) -> list[dict[str, Any]]:
        results = []
        if units:
            inner = read_cuts(self._session, units, self._watch)
            for unit in units:
                self._stop.honour()
                probe = fit_probe(self._session, inner.features[unit], inner.targets)
                results.append(self._describe(unit, probe))
        self._stop.honour()
        return [*results, self._describe(_FEATURES, self._fit_head(None))]

    def _fit_head(self, l2: float | None) -> Probe:
        """Return the probe on what the head gets, as it is; at one strength where it is known."""
        if self._head is not None:
            return self._head
        found = read_final(self._with_usual_phases(), self._watch)
        rows = found.features[_FEATURES]
        strengths = raw_strengths(rows["train"]) if l2 is None else (l2,)
        self._head = fit_probe(self._session, rows, found.targets, strengths, standardise=False)
        return self._head

    def _with_usual_phases(self) -> Session:
        """Return the session with the phases that are likely: where they are chosen, the run reads the same rows."""
        later = rules.later_phase(self._facts, rules.ALL, rules.USUAL)
        laid = self._lay([rules.head_by_solver(1.0), later])
        return self._session.with_phases([Phase.model_validate(phase) for phase in laid])

    def _describe(self, cut: str, probe: Probe) -> dict[str, Any]:
        value = probe.metrics[self._facts.metric]
        losses = [float(loss) for loss in probe.losses]
        return {"cut": cut, "loss": probe.metrics["loss"], "value": value, "l2": probe.l2, "losses": losses}

    def _choose_head(self, final: ProbeResult | None) -> dict[str, Any]:
        if final is None:
            self._reason("head: in steps, as init proposes it, since no solver sets this head")
            return rules.head_by_steps(self._facts.train)
        self._reason(f"head: set to its optimum by a solver, at the L2 strength of least loss, {final.l2:g}")
        return rules.head_by_solver(final.l2)

    def _choose_later(self, boundaries: Sequence[Boundary], final: ProbeResult | None) -> list[dict[str, Any]]:
        """Return the phase after the head, as usual unless trials say otherwise; nothing where the head is enough."""
        results = [] if final is None else self._try(boundaries, final)
        if final is None or not results:
            return self._without_trials(boundaries[0])
        best = rules.choose_trial(results)
        if best is None:
            self._reason("only the head trains: every trial of more diverged")
            return []
        if rules.is_tiny(self._facts) and not rules.is_clearly_lower(best.losses, final.losses):
            self._reason(
                f"only the head trains: {self._facts.train} training examples are few, and no trial was clearly better "
                "than the head alone"
            )
            return []
        self._reason(f"{best.boundary.name}: a peak rate of {best.rate:g}; {rules.describe_choice(best, results)}")
        if best.loss < final.loss:
            self._reason(
                f"the trial, of {best.steps} steps, was better than the head alone: it is made again first, since the "
                "same rate over many epochs may undo what it brought"
            )
            short = rules.short_phase(self._facts, best)
            return [short, self._go_on(rules.later_phase(self._facts, best.boundary, best.rate))]
        self._reason(
            f"no trial was better than the head alone, of whose fit the first steps undo something: a phase at "
            f"{rules.RATES[0]:g} follows, in case the longer one is no better either"
        )
        later = self._go_on(rules.later_phase(self._facts, best.boundary, best.rate))
        return [later, self._go_on(rules.gentle_phase(self._facts, best.boundary))]

    def _without_trials(self, boundary: Boundary) -> list[dict[str, Any]]:
        if rules.is_tiny(self._facts) and self._facts.can_probe:
            self._reason(f"only the head trains: {self._facts.train} training examples are few, and nothing was tried")
            return []
        self._reason(f"{boundary.name}: the usual peak rate, {rules.USUAL:g}, since nothing was tried")
        return [self._go_on(rules.later_phase(self._facts, boundary, rules.USUAL))]

    def _go_on(self, later: dict[str, Any]) -> dict[str, Any]:
        """Return a phase after the head, and say why it is as it is."""
        # Keys beside "auto" say how long it is, and more.
        for reason in rules.describe_later(self._facts, self._lay([later])[-1]):
            self._reason(reason)
        return later

    def _try(self, boundaries: Sequence[Boundary], final: ProbeResult) -> list[TrialResult]:
        """Return the trials that the cost allows: all units at two rates, then the top at the better one."""
        costs, epoch = {}, 1
        for boundary in boundaries:
            plan = plan_trial(self._session, self._phase(boundary, rules.USUAL, 1))
            costs[boundary.name] = budget.cost_of(self._session, plan)
            epoch = plan.phases[0].steps_per_epoch
        while costs and not (steps := self._steps(costs, epoch)):
            self._reason(f"{costs.popitem()[0]}: not tried, since its trials would cost more than measurements may")
        results: list[TrialResult] = []
        if costs:
            while (rate := rules.next_rate(results)) is not None:
                results.append(self._trial(boundaries[0], rate, steps, final))
            self._spent += costs[boundaries[0].name].seconds(steps, len(results))
        best = rules.choose_trial(results)
        if best is None:
            return results
        for boundary in boundaries[1 : len(costs)]:
            results.append(self._trial(boundary, best.rate, steps, final))
            self._spent += costs[boundary.name].seconds(steps, 1)
        return results

    def _steps(self, costs: Mapping[str, budget.TrialCost], epoch: int) -> int:
        return budget.trial_steps(self._limit - self._spent, costs, rules.TRIALS, epoch)

    def _phase(self, boundary: Boundary, rate: float, steps: int) -> dict[str, Any]:
        """Return the phase of a trial: what would be trained, in its own batches, for so many steps."""
        later = rules.later_phase(self._facts, boundary, rate)
        laid = self._lay([later])[-1]
        # A trial tells of the rate that it is made at, on images as they are: changed ones cost more than they tell.
        for key in ("epochs", "early_stopping", "augment", "keep_if_better", "on_divergence"):
            laid.pop(key, None)
        return {**laid, "steps": steps}

    def _trial(self, boundary: Boundary, rate: float, steps: int, final: ProbeResult) -> TrialResult:
        phase = self._phase(boundary, rate, steps)
        name = f"{boundary.name} {rate:g} {steps}"

        def measure() -> dict[str, Any] | None:
            start = start_from(self._session, self._fit_head(final.l2))
            folder = self._folder / name.replace(" ", "-")
            try:
                return asdict(run_trial(start, phase, folder, self._watch, self._stop, self._reuse))
            except DivergedError:
                return None
            finally:
                self._session.assign(self._session.origin)

        # JSON has no infinity.
        found = self._record.recall(name, measure) or {"metrics": {"validation_loss": math.inf}, "losses": []}
        metrics = found["metrics"]
        value = metrics.get(f"validation_{self._facts.metric}")
        result = TrialResult(boundary, rate, steps, metrics["validation_loss"], value, found["losses"])
        self._say(rules.describe_trial(result, final.loss, self._facts.metric))
        return result
