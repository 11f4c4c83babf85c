from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from kerastune_ft.reporting import data_table, plan_lines
from kerastune_ft.reporting import quantities as say
from kerastune_ft.reporting.page import redaction
from kerastune_ft.reporting.terminal import tables
from tests.support import run_files


def printed(renderable: Any, width: int = 100) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_the_plan_says_everything_within_a_hundred_columns() -> None:
    text = printed(tables.plan_table(run_files.plan_document(phases=3)))
    assert max(map(len, text.splitlines())) <= 100
    for told in (
        "block5, from unfreeze {",
        "block5, block6, block7, top, head",
        "435.8 k train (94 %), 27.9 k frozen",
        "12 at most: 3 epochs x 4",
        "32 (16 per replica), 2 batches make one step",
        "peak 0.000333, cosine, 2 warm-up steps, final 0",
        "head 0.000333, top 0.000267",
        "store          1.2 MB: saves 2 of 3 passes over the frozen part; about 0.5 s instead of 10 s",
        "recompute      1.2 MB: saves",
        "est. time",
        "3 phases",
        "~ 1 min 24 s, memory ~ 3.1 GB, basis: FLOPs at 50 GFLOP/s",
        "1 (predictions/kernel) unused",
        "1 file skipped",
        "no GPU found",
        "deterministic operations are on (CPU)",
        "120 train, 27 validation, 27 test",
        "one of 3 classes: bacterial, normal, viral",
        "bacterial 0.75, normal 1.5, viral 1",
        "sampling       balanced",
    ):
        assert told in text, told


def test_the_notebook_plan_says_what_the_terminal_says_and_escapes() -> None:
    plan = run_files.plan_document(classes=("<b>x</b>", "y"))
    plan["notes"] = ["<i>note</i>"]
    html = tables.plan_html(plan)
    assert "<b>x</b>" not in html and "&lt;b&gt;x&lt;/b&gt;" in html and "<i>note" not in html
    assert "1, 2 batches" not in html and "2 batches make one step" in html and "http" not in html


def test_one_phase_of_one_epoch_is_singular() -> None:
    plan = run_files.plan_document(phases=1, epochs=1)
    for text in (printed(tables.plan_table(plan)), tables.plan_html(plan)):
        assert "1 phase" in text and "1 phases" not in text
        assert "1 epoch x" in text


def test_a_plan_with_many_classes_is_shortened() -> None:
    text = printed(tables.plan_table(run_files.plan_document(classes=[f"c{n}" for n in range(100)])))
    assert "… 88 more" in text and "c99" not in text and "4,000" in text


def test_markup_in_names_is_printed_as_it_is() -> None:
    text = printed(tables.rows_table([{"name": "[red]x[/red]", "size_bytes": 1234, "ok": True}, {"name": "[/]"}]))
    assert "[red]x[/red]" in text and "[/]" in text and "1.2 kB" in text and "yes" in text
    plan = run_files.plan_document(classes=("[bold]", "b"))
    plan["name"] = plan["phases"][0]["name"] = "[/oops]"
    assert "[/oops]" in printed(tables.plan_table(plan))


def test_units_end_with_what_to_paste() -> None:
    rows = [
        {"id": "stem", "parameters": 1000, "variables": 2, "share": 0.25, "output_shape": [None, 8, 8, 3]},
        {"id": "block1", "parameters": 3000, "variables": 4, "share": 0.75, "output_shape": [None, 4]},
    ]
    stem, block = printed(tables.units_table(rows)).strip().splitlines()[-2:]
    assert re.split(r"\s{2,}", stem.strip()) == [
        "stem", "1.0 k", "25 %", "100 %", "? x 8 x 8 x 3", '{"from": "stem"} = {"last": 2}',
    ]  # fmt: skip
    assert re.split(r"\s{2,}", block.strip())[1:4] == ["3.0 k", "75 %", "75 %"]
    assert block.strip().endswith('{"from": "block1"} = {"last": 1}')


def test_units_of_several_blocks_are_explained() -> None:
    row = {"id": "stem", "blocks": [], "parameters": 1000, "share": 0.25, "output_shape": [8, 8, 3]}
    assert "blocks" not in printed(tables.units_table([row]))
    for count, numbers in ((2, "1 and 2"), (3, "1 to 3")):
        blocks = [f"stage2_block{number}" for number in range(1, count + 1)]
        text = printed(tables.units_table([row, {**row, "id": "stage2_block1", "blocks": blocks}]))
        said = " ".join(text.split())
        assert f"A unit holds up to {count} blocks of its stage" in said
        assert said.endswith(f"stage2_block1, blocks {numbers}")


def test_metrics_have_a_column_per_split_and_a_dash_for_what_is_missing() -> None:
    text = printed(tables.metrics_table({"validation": {"loss": 0.5}, "test": {"loss": 0.25, "macro_f1": 0.75}}))
    assert text.splitlines()[-2].split() == ["macro", "F1", say.ABSENT, "0.7500"]


def test_beside_each_split_stands_the_constant_predictor_where_it_is_known() -> None:
    measured = {"validation": {"mae": 0.003123}, "test": {"mae": 12345.0}}
    text = printed(tables.metrics_table(measured, {"test": {"mae": 20000.5}}))
    heading, _, row = (line.split() for line in text.rstrip().splitlines()[-3:])
    assert heading == ["metric", "validation", "test", "test,", "constant"]
    assert row == ["MAE", "0.003123", "12,345", "20,000"]


def test_a_plan_of_several_labels_ends_its_counts_with_the_examples() -> None:
    plan = run_files.plan_document()
    plan["labels"]["kind"] = "several"
    plan["data"]["sizes"] = {"train": 70, "validation": 15, "test": 16}
    text = printed(tables.plan_table(plan))
    assert "70 train, 15 validation, 16 test" in text and "any of 3 classes" in text
    assert ["examples", "70", "15", "16"] in [line.split() for line in text.splitlines()]


def test_a_plan_of_values_shows_their_spread_in_terminal_and_notebook() -> None:
    plan = run_files.plan_document()
    plan["labels"] = {"kind": "values", "names": ["dose"], "mean": [0.003], "deviation": [0.001]}
    spread = {"mean": 0.0031, "deviation": 0.0012, "smallest": 0.0, "largest": 12345.0}
    plan["data"] |= {"classes": [], "counts": {}, "values": {"train": {"dose": spread}}}
    text = printed(tables.plan_table(plan))
    assert ["dose", "train", "120", "0.0031", "0.0012", "0", "12,345"] in [line.split() for line in text.splitlines()]
    assert "1 value: dose; standardised inside" in text
    html = tables.plan_html(plan)
    assert "values by split" in html and "0.0031</td>" in html and "12,345</td>" in html


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("frozen", "frozen: 3 layers in inference mode; statistics, gamma and beta stay as they are"),
        ("statistics", "statistics: 3 layers normalised by each global batch, statistics updated; gamma and beta stay"),
        ("train", "train: 3 layers normalised by each global batch, statistics updated; gamma and beta train"),
    ],
)
def test_a_plan_says_what_batch_norms_do(mode: str, text: str) -> None:
    phase = run_files.plan_document()["phases"][1]
    told = {
        fact.label: fact.text for fact in plan_lines.phase_facts({**phase, "batch_norm": mode, "batch_norm_layers": 3})
    }
    assert told["batch norm"].startswith(text)
    assert "batch norm" not in {fact.label for fact in plan_lines.phase_facts({**phase, "batch_norm_layers": 0})}


def test_many_class_weights_are_their_range() -> None:
    by_class = {f"c{number}": 0.5 + number for number in range(20)}
    assert data_table.weights(by_class) == "20 classes, from 0.5 (c0) to 19.5 (c19)"


def test_backbones_begin_with_familiar_columns() -> None:
    table = tables.backbones_table([{"extra": "z", "parameters": 5_900_000, "name": "EfficientNetV2B0"}])
    assert [str(column.header) for column in table.columns] == ["name", "parameters", "extra"]
    assert "5.9 M" in printed(table)


@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        (say.count(999), "999"),
        (say.count(999_999), "1.0 M"),
        (say.count(2_900_000), "2.9 M"),
        (say.size(512), "512 B"),
        (say.share(0.0004), "< 0.1 %"),
        (say.share(0.414), "41 %"),
        (say.share(0.0152), "1.5 %"),
        (say.duration(4.23), "4.2 s"),
        (say.duration(59.7), "59 s"),
        (say.duration(3599.6), "1 h 00 min"),
        (say.duration(192), "3 min 12 s"),
        (say.figure(0.5), "0.5000"),
        (say.figure(float("nan")), say.ABSENT),
        (say.figure(1234.56), "1,235"),
        (say.figure(0.003123), "0.003123"),
        (say.figure(12345.6), "12,346"),
        (say.plain(3.0), "3"),
        (say.plain(0.003), "0.003"),
        (say.offset(-42.623), "−42.62"),  # noqa: RUF001  a true minus sign
        (say.progress(0.0081234), "0.0081"),
        (say.progress(0.00031234), "3.123e-04"),
        (say.progress(12345.6), "12345.6"),
        (say.progress(3e9), "3.000e+09"),
        (say.words("test_r2"), "test R2"),
        (say.change(0.1157), "+0.1157"),
        (say.words("validation_macro_f1"), "validation macro F1"),
        (say.moment("2025-03-01T09:00:12+00:00"), "2025-03-01 09:00 UTC"),
        (say.cell("image_size", [224, 224]), "224, 224"),
        (say.cell("learning_rate", 0.0001), "0.0001"),
    ],
)
def test_quantities_read_well(spelled: str, text: str) -> None:
    assert spelled == text


def test_withholding_takes_paths_and_unknown_quotes_and_keeps_the_rest() -> None:
    text = 'a/b c.png of "P-7" and "viral" in 0.15 s, see C:\\data\\x'
    assert redaction.withhold(text, {"viral"}) == (
        '(left out) (left out) of (left out) and "viral" in 0.15 s, see (left out)'
    )


def test_group_ids_in_brackets_are_withheld_and_shares_are_not() -> None:
    text = "2 groups are in more than one split (P-1, 17 and 3 more); 17 kept whole (viral: train 1.0 %, test 2.0 %)"
    assert redaction.withhold(text, {"viral"}, {"P-1", "17"}) == (
        "2 groups are in more than one split (left out); 17 kept whole (viral: train 1.0 %, test 2.0 %)"
    )


def test_importing_the_reports_imports_nothing_heavy() -> None:
    code = (
        "import sys, kerastune_ft.reporting.terminal.tables, kerastune_ft.reporting.page.document;"
        "print([m for m in ('tensorflow','pandas','sklearn','matplotlib','jinja2','numpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
