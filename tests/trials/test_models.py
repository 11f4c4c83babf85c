"""Which trials share a model, and what is pinned for all."""

from __future__ import annotations

from kerastune_ft.api.search import SearchResult
from kerastune_ft.config.read import read
from kerastune_ft.trials.models import name_model
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


def test_all_trials_are_pinned_alike_at_the_deepest_cut_of_the_space(searched: SearchResult) -> None:
    pinned = {str(record.pinned) for record in searched.trials}
    assert pinned == {"{'chunk': 24, 'layers': ['block2_conv']}"}, "the second unit from the top, which some unfreeze"
