"""Which trials share a model, and what is pinned for all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kerastune_ft.api.search import SearchResult
from kerastune_ft.config.read import read
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.plan import build
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.trials.models import Models, name_model
from kerastune_ft.trials.space import read_space
from tests.support import tiny_search
from tests.support.tiny_search import BASE


def name(*overrides: str) -> str:
    return name_model(read(BASE, overrides))


def test_what_changes_no_layer_shares_the_model() -> None:
    usual = name()
    for override in (
        "phases.head.learning_rate=0.5", "head.dropout=0.4", "phases.top.unfreeze=all", "phases.epochs=9",
        "output.directory=elsewhere", 'runtime.pinned={"chunk": 8, "layers": ["x"]}', "phases=gradual",
    ):  # fmt: skip
        assert name(override) == usual, override
    others = [
        name("head.hidden=[8]"), name("seed=5"), name("backbone.name=MobileNet"), name("data.resize=pad"),
        name('phases.top.lora={"rank": 2}'), name("phases.top.augment.preset=light", "phases.top.augment.views=3"),
    ]  # fmt: skip
    assert len({usual, *others}) == 7


def test_what_is_pinned_follows_from_the_space_and_not_from_the_trial_that_comes_first() -> None:
    space = read_space(
        BASE,
        ['phases.top.lora={"rank": 2}'],
        {"phases.top.lora.rank": {"low": 2, "high": 6}, "phases.head.batch_size": {"low": 8, "high": 64}},
    )
    models = Models(space, SimpleNamespace(), print)  # type: ignore[arg-type]

    def list_batches(rank: int, batch: int) -> list[tuple[int, int]]:
        values = {"phases.top.lora.rank": rank, "phases.head.batch_size": batch}
        found = models.list_schedules(space.configure(values), values)
        return [(each.phases[1].lora.rank, each.phases[0].batch_size) for _, each in found]  # type: ignore[union-attr]

    assert set(list_batches(2, 13)) == {(2, 8), (2, 64), (2, 32)}, "its ends, and the configuration as it is written"
    assert set(list_batches(4, 13)) == set(list_batches(4, 50)) == {(4, 8), (4, 64)}


def test_a_plan_with_other_numbers_is_that_which_would_be_made(search_folder: Path) -> None:
    space = read_space(str(search_folder / "tiny.json"), [], tiny_search.SPACE)
    shared = Models(space, device_choice.resolve(space.base.runtime), lambda line: None).open(space.base, {})
    (part,) = shared.parts
    rate, unfreeze = "phases.top.learning_rate", "phases.top.unfreeze"

    def plan(values: dict[str, Any], earlier: dict[str, Any] | None = None) -> tuple[Plan, Plan]:
        session = shared.adopt(shared.pin(space.configure(values)), part)
        return shared.plan(session, part, earlier), build.make(session, earlier)

    first, alone = plan({rate: 0.01})
    assert first.document == alone.document
    second, alone = plan({rate: 0.02})
    assert second.phases[1].partition is first.phases[1].partition, "resolved once"
    assert second.document == alone.document != first.document
    assert [each.phase for each in second.phases] == [each.phase for each in alone.phases]
    assert [each.factors for each in second.phases] == [each.factors for each in alone.phases]
    other, alone = plan({rate: 0.02, unfreeze: {"last": 2}})
    assert other.phases[1].partition is not first.phases[1].partition
    assert other.document == alone.document
    resumed, alone = plan({rate: 0.02}, dict(second.document))
    assert resumed.document == alone.document
    assert resumed.phases[1].partition is not first.phases[1].partition


def test_all_trials_are_pinned_alike_at_the_deepest_cut_of_the_space(searched: SearchResult) -> None:
    pinned = {str(record.pinned) for record in searched.trials}
    assert pinned == {"{'chunk': 24, 'layers': ['block2_conv'], 'folds': None}"}, (
        "the second unit from the top, which some unfreeze"
    )
