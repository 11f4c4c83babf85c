from __future__ import annotations

from kerastune_ft.reporting import weight_lines


def test_what_is_not_asked_for_has_no_words() -> None:
    for phase in ({}, {"ema": None, "l2_sp": None, "on_divergence": None, "keep_if_better": False}):
        assert weight_lines.describe_average(phase) == weight_lines.describe_pull(phase) == ""
        assert weight_lines.describe_condition(phase) == weight_lines.describe_retries(phase) == ""


def test_averages_pulls_conditions_and_second_tries() -> None:
    pull = {"weight": 0.01, "variables": 4, "parameters": 12_000}
    phase = {"ema": 0.999, "l2_sp": pull, "keep_if_better": True, "on_divergence": {"retry": 2, "factor": 0.1}}
    assert weight_lines.describe_average(phase) == "of the weights over updates, decay 0.999"
    said = weight_lines.describe_pull(phase)
    assert said.startswith("L2-SP 0.01: ") and said.endswith("their pretrained values, without weight decay")
    assert weight_lines.describe_condition(phase) == "kept only if better than what it starts from"
    assert weight_lines.describe_retries(phase) == "begins again, 2 times at most, each time at 0.1 of its rates"
