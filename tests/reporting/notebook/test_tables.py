"""Results that show themselves as tables and stay lists and dicts."""

from __future__ import annotations

import copy
import json
import pickle

from kerastune_ft.errors import ConfigError
from kerastune_ft.reporting.notebook.tables import Beside, Metrics, Rows
from kerastune_ft.reporting.terminal.tables import build_rows_table, build_units_table

UNITS = [
    {"id": "stem", "parameters": 1000, "share": 0.25, "output_shape": [None, 8], "variable_paths": ["a"] * 500},
    {"id": "block<1>", "parameters": 3000, "share": 0.75, "output_shape": [None, 4], "variable_paths": ["b"] * 500},
]


def test_rows_are_a_list_and_print_as_a_table() -> None:
    rows = Rows(UNITS, build_units_table, "none")
    assert rows == UNITS and json.dumps(rows) == json.dumps(UNITS)
    assert len(repr(rows)) < 1000
    assert len(repr(rows[:1])) < 500 and rows[:1] == UNITS[:1] and rows[0] is UNITS[0]
    assert repr(rows).splitlines()[0].split()[0] == "unit"
    assert [line.split()[0] for line in repr(rows).splitlines() if "from" in line][-2:] == ["stem", "block<1>"]
    html = rows._repr_html_()
    assert html.count("<tr>") == 3 and "block&lt;1&gt;" in html and "<script" not in html


def test_no_rows_say_so_and_many_are_cut() -> None:
    assert repr(Rows([], build_units_table, "no run in runs")) == "no run in runs"
    many = Rows([{"n": number} for number in range(1200)], build_rows_table, "none")
    assert repr(many).endswith("and 1,000 more") and "and 1,000 more" in many._repr_html_()
    assert len(many) == 1200


def test_metrics_are_a_dict_and_print_as_a_table() -> None:
    beside = Beside({"test": {"accuracy": 0.5}}, {"test": {"accuracy": (0.6, 0.9)}}, {"test": 40})
    metrics = Metrics({"test": {"accuracy": 0.75}}, lambda: beside)
    assert metrics == {"test": {"accuracy": 0.75}} and metrics["test"]["accuracy"] == 0.75
    for shown in (repr(metrics), metrics._repr_html_()):
        assert "0.75" in shown and "0.5" in shown and "40" in shown
    assert repr(Metrics({}, Beside)) == "no metrics yet"


def test_a_damaged_file_beside_them_hides_no_metrics() -> None:
    def fail() -> Beside:
        raise ConfigError("damaged")

    assert "0.75" in repr(Metrics({"test": {"accuracy": 0.75}}, fail))


def test_copies_are_plain() -> None:
    for made in (Rows(UNITS, build_units_table, ""), Metrics({"test": {"loss": 1.0}}, Beside)):
        for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert other == made and type(other) in (list, dict)
