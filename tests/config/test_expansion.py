from __future__ import annotations

from kerastune_ft.config.documents.nodes import Node, Place, as_node
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.expansion import expand, find_preset

PLACE = Place("file.json", ("phases",))


def test_own_options_are_taken_and_the_rest_left_for_the_phases() -> None:
    node = as_node({"preset": "fastai_fine_tune", "base_lr": 0.1, "batch_size": 8}, PLACE)
    more, problems = dict(node.value), list[Problem]()
    found = expand(node, more, {"epochs": Node(3, Place("file.json", ("defaults", "epochs")))}, problems)
    assert (problems, list(more)) == ([], ["batch_size"])
    assert [phase.plain()["epochs"] for phase in found.phases] == [1, 3]
    assert {"epochs", "freeze_epochs", "learning_rate"} <= found.own


def test_what_is_to_unfreeze_stands_where_it_is_written() -> None:
    node = as_node({"preset": "unfreeze_at", "epochs": 9, "at": {"4": {"last": 1}}}, PLACE)
    found = expand(node, dict(node.value), {}, [])
    assert [phase.value["unfreeze"].place.path for phase in found.phases] == [
        ("phases", 0, "unfreeze"),
        ("phases", "at", "4"),
    ]


def test_only_a_name_of_a_preset_is_one() -> None:
    assert find_preset(as_node("gradual", PLACE)) == "gradual"
    assert find_preset(as_node({"preset": "lora", "epochs": 2}, PLACE)) == "lora"
    assert [find_preset(each) for each in (None, as_node([], PLACE), as_node("nix", PLACE))] == [None] * 3
