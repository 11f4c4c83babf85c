"""A cross-validation from its data to its ensemble; what is done already is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.source import DataSource
from kerastune_ft.folds import ensemble, member, results
from kerastune_ft.folds.division import choose_fold, divide_rest, join_rest, list_folds
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
        self, start: RunStart, config: RunConfig, digest: str, options: FoldOptions, watch: Watcher, stop: StopRequest
    ) -> None:
        """`digest` is the hash of the cross-validation, see `FoldOptions.hash`."""
        self._start, self._config, self._digest, self._options = start, config, digest, options
        self._watch, self._stop = watch, stop
        self._run: RunDirectory = start.target
        self._devices = engine.devices(config)
        self._members = member.list_members(self._run.path, list_folds(options.folds, options.seeds))
        self._origins: list[Mapping[str, np.ndarray]] = []

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
        return join_rest(open_data(self._config, self._watch.note, read_recorded(self._run)))

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
        earlier = target.read_json("plan.json") if target.exists("plan.json") else {}
        plan = self._plan_first(session)
        # Of a configuration that a search wrote, what its trials computed their frozen part by.
        pinned = pins_in(earlier) or pins_in(plan.document) or planning.pin(session, [plan])
        document = {
            **plan.document,
            "data": session.source.info.to_json(),
            "phases": [],
            "notes": [],
            "ensemble": ensemble.describe_ensemble(
                session, self._members, plan.phases[-1].replica_rows(self._devices.replicas)
            ),
            "folds": {"folds": self._options.folds, "seeds": self._options.seeds},
            "pinned": pinned.to_json(),
        }
        check_inputs(target, earlier, document)
        engine.write_plan(
            target, self._config, session, replace(plan, document=document), self._digest, parts.hash_parts(session)
        )
        self._watch.run_started(str(target), self._config.to_json(), document)
        for note in (*session.source.info.list_notes(self._config.output.examples), *plan.document["notes"]):
            self._watch.note(note)
        sizes = session.source.info.sizes
        kept = f"; {sizes['test']} are kept for test" if "test" in sizes else "; none are kept for test"
        self._watch.note(f"folds: {sizes['train']} examples are divided into {self._options.folds}{kept}")
        return pinned

    def _plan_first(self, session: Session) -> Plan:
        source = choose_fold(session.source, self._divide(session, 0), 0)
        return planning.make(replace(session, source=source))

    def _divide(self, session: Session, turn: int) -> list[np.ndarray]:
        return divide_rest(session.source, self._options.folds, turn, self._config.data.splits)

    def _train_turn(self, session: Session, pinned: Pins, turn: int) -> None:
        divided = self._divide(session, turn)
        for each in (each for each in self._members if each.fold.turn == turn):
            if not each.is_done:
                own = member.make_session(session, choose_fold(session.source, divided, each.fold.number), each)
                member.train(each, own, pinned, FoldWatcher(self._watch, self._name(each)), self._stop)
                self._watch.note(results.describe_member(self._name(each), each.describe(), session.task))
                self._run.update_manifest(phase=each.fold.place)
            self._stop.honour()

    def _name(self, each: Member) -> str:
        fold = f"fold {each.fold.number + 1} of {self._options.folds}"
        return fold if self._options.seeds == 1 else f"seed {each.fold.turn + 1} of {self._options.seeds}, {fold}"

    def _finish(self, session: Session) -> None:
        """Write what the members say together, and the ensemble, measured on the test split."""
        whole, merged = ensemble.build_ensemble(session, self._origins, self._members)
        if merged:
            self._run.update_manifest(merged=merged)
        results.write(self._run, whole, self._members, self._watch)


def _ignore(text: str) -> None:
    """Take what was said for the first seed."""
