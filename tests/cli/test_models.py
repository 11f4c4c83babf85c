"""The commands that list things: options that have no effect, and what is not there to be shown."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from kerastune_ft.cli.commands import main


def give(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--examples", "500"), "--examples: "),
        (("--device", "cpu"), "--device: "),
        (("--examples", "500", "--device", "gpu"), "--examples and --device: "),
    ],
)
def test_advice_by_number_and_device_has_no_place_beside_data(words: tuple[str, ...], named: str) -> None:
    found = give("backbones", "--on", "medical", *words)
    assert found.exit_code == 2 and f"{named}with --on CONFIG its data and this machine say that" in found.stderr


def test_a_schedule_that_a_run_chooses_is_shown_as_its_word() -> None:
    found = give("schedules", "auto")
    assert found.exit_code == 0 and '"phases": "auto"' in found.stdout and "--resolve" in found.stdout
    assert "unfreeze" not in found.stdout
    assert '"unfreeze": "none"' in give("schedules", "head").stdout


def test_measuring_takes_ten_minutes_unless_another_time_follows() -> None:
    assert "[DURATION]" in give("init", "--help").stdout
    found = give("init", "photos", "--measure", "soon")
    assert found.exit_code == 2 and "--measure: " in found.stderr
    found = give("init", "--measure", "photos")
    assert found.exit_code == 2 and "after --measure stands a time or an option" in found.stderr
