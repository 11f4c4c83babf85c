from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner, Result

from kerastune_ft import registry
from kerastune_ft.cli.commands import main
from kerastune_ft.config.facts.advice import AMOUNTS, DEVICES, advise, general
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.presets import PRESETS


def give(*words: str) -> Result:
    return CliRunner().invoke(main, ["backbones", *words])


@pytest.mark.parametrize("device", DEVICES)
def test_advice_names_what_there_is(device: str) -> None:
    few, some, many = general(device)
    for one in (few, some, many):
        assert set(one.backbones) <= set(APPLICATIONS)
        assert len(set(one.backbones)) == 3
        assert all(name in one.sentence for name in one.backbones)
        assert f'"phases": "{one.preset}"' in one.sentence
        assert device.upper() in one.why_device
    assert (advise(1, device), advise(999, device)) == (few, few)
    assert (advise(1_000, device), advise(20_000, device)) == (some, some)
    assert (advise(20_001, device), advise(10**9, device)) == (many, many)


def test_larger_backbones_are_for_more_examples_and_faster_devices() -> None:
    def largest(examples: int, device: str) -> int:
        return max(APPLICATIONS[name].parameters for name in advise(examples, device).backbones)

    assert largest(500, "cpu") <= largest(50_000, "cpu") < 7_000_000
    assert largest(500, "gpu") < largest(5_000, "gpu") < largest(50_000, "gpu")
    assert largest(500, "tpu") < largest(50_000, "tpu")


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda amount: amount.preset)
def test_advice_says_of_a_preset_what_it_does(amount: object) -> None:
    said = amount.unfreeze.replace("a quarter", "25 %").replace("half", "50 %")
    unfrozen = [phase["unfreeze"] for phase in PRESETS[amount.preset]()]
    shares = [f"{100 * one['fraction']:.0f}" for one in unfrozen if isinstance(one, dict)]
    assert re.findall(r"(\d+) %", said) == shares
    assert ("all" in unfrozen) == ("all of the units" in said or "everything" in said)


def test_the_few_that_fit_come_first_and_marked() -> None:
    names = [row["name"] for row in registry.backbones()]
    assert names == [*APPLICATIONS, *HUB_FAMILIES]
    rows = registry.backbones(("VGG16", "MobileNetV2"))
    assert [(row["name"], row["fits"]) for row in rows[:3]] == [("VGG16", 1), ("MobileNetV2", 2), (names[0], None)]
    assert sorted(row["name"] for row in rows) == sorted(names)


def test_backbones_carries_the_advice_in_json_and_in_text() -> None:
    document = json.loads(give("--examples", "500", "--device", "gpu", "--json").stdout)
    (advice,) = document["advice"]
    assert [row["name"] for row in document["backbones"] if row["fits"]] == advice["backbones"]
    assert (advice["device"], advice["preset"]) == ("gpu", "head_then_top")
    text = give("--examples", "500", "--device", "gpu").stdout
    assert advice["sentence"] in text
    assert advice["why_device"] in text
    assert "top 1" in text and "78.7 %" in text and "CC-BY-4.0" in text


def test_without_examples_the_advice_is_general() -> None:
    document = json.loads(give("--json").stdout)
    assert [one["amount"] for one in document["advice"]] == [amount.label for amount in AMOUNTS]
    assert {one["device"] for one in document["advice"]} == {"cpu"}
    applications = [row for row in document["backbones"] if row["kind"] == "applications"]
    assert len(applications) == 40
    assert "fits" not in document["backbones"][0]
    assert all(row["license"] and row["parameters"] > 0 for row in applications)
    assert {row["takes"] for row in document["backbones"]} == {"images", "texts", "sounds"}


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--examples", "0"), "x>=1"), (("--examples", "many"), "not a valid integer"), (("--device", "npu"), "'tpu'")],
)
def test_nonsense_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    result = give(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
