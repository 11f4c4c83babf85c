"""A cross-validation from its data to its ensemble; what is done already is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.data.source import DataSource
from kerastune_ft.folds import ensemble, member, results
from kerastune_ft.folds.choice import Schedule, choose_schedules
from kerastune_ft.folds.columns import encode_columns, join_columns, with_columns
from kerastune_ft.folds.division import (
    Fold,
    choose_fold,
    divide_rest,
    find_share,
    hold_out_fold,
    join_rest,
    list_folds,
)
from kerastune_ft.folds.member import Member
from kerastune_ft.folds.watch import FoldWatcher
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine, parts
from kerastune_ft.training.comparison import check_inputs, check_same, compare_parts
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.plan.pins import Pins, pins_in
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.run_directory.run_data import open_data, read_recorded
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.choice import ChoosePhases
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.versions import find_versions
from kerastune_ft.training.watch import Watcher


@dataclass(frozen=True)
class FoldOptions:
    """How often and into how many folds the examples are divided."""

    folds: int
    seeds: int

    def hash(self, config: RunConfig) -> str:
        """Return the hash by which a cross-validation of a configuration is known."""
        return hashlib.sha256(f"{config_hash(config)} in {self.folds} folds of {self.seeds} seeds".encode()).hexdigest()


class CrossValidation:
    """The members of a cross-validation, trained one after another with one model and one store of features."""

    def __init__(
        self,
        start: RunStart,
        config: RunConfig,
        digest: str,
        options: FoldOptions,
        watch: Watcher,
        stop: StopRequest,
        choose: ChoosePhases | None = None,
    ) -> None:
        """`digest` is the hash of the cross-validation, see `FoldOptions.hash`.

        `choose` chooses the phases of a configuration that leaves them to measurements.
        """
        self._start, self._config, self._digest, self._options = start, config, digest, options
        self._watch, self._stop, self._choose = watch, stop, choose
        self._run: RunDirectory = start.target
        self._devices = engine.devices(config)
        self._members = member.list_members(self._run, list_folds(options.folds, options.seeds))
        self._origins: list[Mapping[str, np.ndarray]] = []
        self._earlier: dict[str, Any] = self._run.read_json("plan.json") if self._run.exists("plan.json") else {}
        self._share = 0.0
        self._schedules: dict[str, Schedule] = {}
        self._columns: dict[str, ColumnEncoding | None] = {}

    def execute(self) -> bool:
        """Train all members, put them together and write what came of them; return True."""
        watch = self._watch
        watch.note(f"cross-validation {self._run} ({self._start.reason}) on {self._devices}")
        for change in self._start.allowed:
            watch.note(f"changed since it began: {change}")
        source = self._open_source()
        session = first = self._assemble(source, 0)
        pinned = self._prepare(first)
        with naming_lost_files(source):
            for turn in range(self._options.seeds):
                session = first if turn == 0 else self._assemble(source, turn)
                self._origins.append(session.origin)
                self._train_turn(session, pinned, turn)
            self._finish(session)
        return True

    def _open_source(self) -> DataSource:
        """Return the data with all that the folds are made of as the training split, and the file's own test split."""
        source = open_data(self._config, self._watch.note, read_recorded(self._run))
        # One that goes on has all that is divided as its training split.
        self._share = (self._earlier.get("folds") or {}).get("validation_share") or find_share(source)
        return join_rest(source)

    def _assemble(self, source: DataSource, turn: int) -> Session:
        """Return a session with the values that a seed draws; its data are not divided into folds."""
        config = self._config.model_copy(update={"seed": self._config.seed + turn}).with_rules(self._config.rules)
        session = assemble(config, self._devices, self._watch.note if turn == 0 else _ignore, source)
        # As the file has it, with the options of a head that is kept.
        return replace(session, config=session.config.model_copy(update={"seed": self._config.seed}))

    def _prepare(self, session: Session) -> Pins:
        """Write what the cross-validation begins with; return what all folds compute their frozen part by."""
        target = self._run
        check_same(target, session)
        for note in compare_parts(target, parts.hash_parts(session), find_versions()):
            self._watch.note(note)
        about = self._settle_schedules(session)
        self._columns = self._encode_columns(session)
        plans = self._plan_schedules(session)
        plan = plans[0]
        # Of a configuration that a search wrote, what its trials computed their frozen part by.
        pinned = pins_in(self._earlier) or pins_in(plan.document) or planning.pin(session, plans)
        joined = join_columns(session, [*self._columns.values()])
        document = {
            **plan.document,
            **({} if joined is None else {"inputs": {**plan.document["inputs"], "columns": joined.to_json()}}),
            "data": session.source.info.to_json(),
            "phases": [],
            "notes": [],
            "ensemble": ensemble.describe_ensemble(
                session, self._members, plan.phases[-1].replica_rows(self._devices.replicas)
            ),
            "folds": {"folds": self._options.folds, "seeds": self._options.seeds, **about},
            "pinned": pinned.to_json(),
        }
        check_inputs(target, self._earlier, document)
        engine.write_plan(
            target, self._config, session, replace(plan, document=document), self._digest, parts.hash_parts(session)
        )
        self._watch.run_started(str(target), self._config.to_json(), document)
        for note in (*session.source.info.list_notes(self._config.output.examples), *plan.document["notes"]):
            self._watch.note(note)
        for note in self._describe_folds(session):
            self._watch.note(note)
        return pinned

    def _settle_schedules(self, session: Session) -> dict[str, Any]:
        """Find the schedule of every member; return what plan.json says of them."""
        folds = [each.fold for each in self._members]
        if not self._config.awaits_choice or self._choose is None:
            self._schedules = {fold.place: Schedule(self._config.phases) for fold in folds}
            return {"validation_share": self._share} if self._config.refit else {}
        known = (self._earlier.get("folds") or {}).get("schedules")
        if known is not None:
            self._schedules = {place: Schedule.from_json(each) for place, each in known.items()}
        else:

            def open_session(fold: Fold) -> Session:
                held_out = self._hold_out(session, self._divide(session, fold.turn), fold)
                splits = {split: held_out.splits[split] for split in ("train", "validation")}
                return replace(session, source=held_out.with_splits(splits))

            config, watch, stop = self._config, self._watch, self._stop
            self._schedules = choose_schedules(config, self._digest, folds, open_session, self._choose, watch, stop)
        written = {place: each.to_json() for place, each in self._schedules.items()}
        return {"validation_share": self._share, "schedules": written}

    def _plan_schedules(self, session: Session) -> list[Plan]:
        """Return a plan of each schedule that differs, on the first fold."""
        distinct = {str(each.to_json()["phases"]): each for each in self._schedules.values()}
        first = self._members[0].fold
        source = self._choose_source(session, self._divide(session, 0), first)
        return [planning.make(replace(each.apply_to(session), source=source)) for each in distinct.values()]

    def _divide(self, session: Session, turn: int) -> list[np.ndarray]:
        return divide_rest(session.source, self._options.folds, turn, self._config.data.splits)

    def _hold_out(self, session: Session, divided: list[np.ndarray], fold: Fold) -> DataSource:
        requested = self._config.data.splits
        return hold_out_fold(session.source, divided, fold.number, self._share, fold.turn, requested)

    def _choose_source(self, session: Session, divided: list[np.ndarray], fold: Fold) -> DataSource:
        """Return the examples of a member; one that is refitted has its fold as its test split."""
        if self._config.refit:
            return self._hold_out(session, divided, fold)
        return choose_fold(session.source, divided, fold.number)

    def _encode_columns(self, session: Session) -> dict[str, ColumnEncoding | None]:
        """Return by place how each member encodes numbers and words."""
        divided = [self._divide(session, turn) for turn in range(self._options.seeds)]
        folds = [each.fold for each in self._members]
        sources = {fold.place: self._choose_source(session, divided[fold.turn], fold) for fold in folds}
        return {place: encode_columns(session, source.splits["train"]) for place, source in sources.items()}

    def _describe_folds(self, session: Session) -> list[str]:
        """Return what is said of the division before the first fold."""
        sizes = session.source.info.sizes
        kept = f"; {sizes['test']} are kept for test" if "test" in sizes else "; none are kept for test"
        notes = [f"folds: {sizes['train']} examples are divided into {self._options.folds}{kept}"]
        if self._config.refit:
            notes.append(
                f"refit: within each fold's training part {self._share:.0%} choose epochs, then all of it trains; the "
                "fold itself is only measured"
            )
        if getattr(self._config.task, "unknown", None) is not None:
            notes.append(
                "unknown answers: the ensemble's distance is the mean of its members', 4 MB of examples at most for "
                "each; the threshold is chosen on the distances of all examples out of fold"
            )
        return notes

    def _train_turn(self, session: Session, pinned: Pins, turn: int) -> None:
        divided = self._divide(session, turn)
        for each in (each for each in self._members if each.fold.turn == turn):
            if not each.is_done:
                schedule = self._schedules[each.fold.place]
                own = member.make_session(session, self._choose_source(session, divided, each.fold), each, schedule)
                own = with_columns(own, self._columns[each.fold.place])
                watch = FoldWatcher(self._watch, self._name(each))
                member.train(each, own, schedule, pinned, watch, self._stop)
                self._watch.note(results.describe_member(self._name(each), each.describe(), session.task))
                self._run.update_manifest(phase=each.fold.place)
            self._watch.part_done(each.fold.place, str(each.run))
            self._stop.honour()

    def _name(self, each: Member) -> str:
        fold = f"fold {each.fold.number + 1} of {self._options.folds}"
        return fold if self._options.seeds == 1 else f"seed {each.fold.turn + 1} of {self._options.seeds}, {fold}"

    def _finish(self, session: Session) -> None:
        """Write what the members say together, and the ensemble, measured on the test split."""
        columns = join_columns(session, [*self._columns.values()])
        whole, merged = ensemble.build_ensemble(session, self._origins, self._members, columns)
        if merged:
            self._run.update_manifest(merged=merged)
        results.write(self._run, whole, self._members, self._watch)


def _ignore(text: str) -> None:
    """Take what was said for the first seed."""
