from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from kerastune_ft.reporting import quantities as say
from kerastune_ft.reporting.terminal import tables
from tests.support import run_files
from tests.support.kernels import be_in


def render(renderable: Any, width: int = 100) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_the_plan_says_everything_within_a_hundred_columns() -> None:
    text = render(tables.build_plan_table(run_files.plan_document(phases=3)))
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
        "1 example left out: chest/ward 3/patient-0042.png (cannot be decoded)",
        "no GPU found",
        "deterministic operations are on (CPU)",
        "120 train, 27 validation, 27 test",
        "one of 3 classes: bacterial, normal, viral",
        "bacterial 0.75, normal 1.5, viral 1",
        "sampling       balanced",
    ):
        assert told in text, told


def test_markup_in_names_is_printed_as_it_is() -> None:
    text = render(tables.build_rows_table([{"name": "[red]x[/red]", "size_bytes": 1234, "ok": True}, {"name": "[/]"}]))
    assert "[red]x[/red]" in text and "[/]" in text and "1.2 kB" in text and "yes" in text
    plan = run_files.plan_document(classes=("[bold]", "b"))
    plan["name"] = plan["phases"][0]["name"] = "[/oops]"
    assert "[/oops]" in render(tables.build_plan_table(plan))


def test_units_end_with_what_to_paste() -> None:
    rows = [
        {"id": "stem", "parameters": 1000, "variables": 2, "share": 0.25, "output_shape": [None, 8, 8, 3]},
        {"id": "block1", "parameters": 3000, "variables": 4, "share": 0.75, "output_shape": [None, 4]},
    ]
    stem, block = render(tables.build_units_table(rows)).strip().splitlines()[-2:]
    assert re.split(r"\s{2,}", stem.strip()) == [
        "stem", "1.0 k", "25 %", "100 %", "any x 8 x 8 x 3", '{"from": "stem"} = {"last": 2}',
    ]  # fmt: skip
    assert re.split(r"\s{2,}", block.strip())[1:4] == ["3.0 k", "75 %", "75 %"]
    assert block.strip().endswith('{"from": "block1"} = {"last": 1}')


def test_units_of_two_backbones_are_counted_in_their_own() -> None:
    row = {"id": "image.stem", "part": "image", "parameters": 1000, "share": 0.2, "output_shape": [8, 8, 3]}
    rows = [row, {**row, "id": "image.block1"}, {**row, "id": "text.layer0", "part": "text", "parameters": 3000}]
    lines = render(tables.build_units_table(rows)).strip().splitlines()[-3:]
    assert [re.split(r"\s{2,}", line.strip())[3] for line in lines] == ["40 %", "20 %", "60 %"]
    assert lines[0].strip().endswith('{"from": "image.stem"}')


def test_units_show_the_feature_maps_that_they_end_with() -> None:
    row = {"id": "stem", "parameters": 1000, "share": 1.0, "output_shape": [8, 8, 3]}
    assert "maps" not in render(tables.build_units_table([{**row, "maps": {}}]))
    text = render(tables.build_units_table([{**row, "maps": {"stride2": [8, 8, 3], "stride4": [4, 4, 3]}}]))
    assert "maps" in text
    assert "stride2, stride4" in text


def test_units_of_several_blocks_are_explained() -> None:
    row = {"id": "stem", "blocks": [], "parameters": 1000, "share": 0.25, "output_shape": [8, 8, 3]}
    assert "blocks" not in render(tables.build_units_table([row]))
    for count, numbers in ((2, "1 and 2"), (3, "1 to 3")):
        blocks = [f"stage2_block{number}" for number in range(1, count + 1)]
        text = render(tables.build_units_table([row, {**row, "id": "stage2_block1", "blocks": blocks}]))
        said = " ".join(text.split())
        assert f"A unit holds up to {count} blocks of its stage" in said
        assert said.endswith(f"stage2_block1, blocks {numbers}")


def test_metrics_have_a_column_per_split_and_a_dash_for_what_is_missing() -> None:
    text = render(tables.build_metrics_table({"validation": {"loss": 0.5}, "test": {"loss": 0.25, "macro_f1": 0.75}}))
    assert text.splitlines()[-2].split() == ["macro", "F1", say.ABSENT, "0.7500"]


def test_beside_each_split_stands_the_constant_predictor_where_it_is_known() -> None:
    measured = {"validation": {"mae": 0.003123}, "test": {"mae": 12345.0}}
    text = render(tables.build_metrics_table(measured, {"test": {"mae": 20000.5}}))
    heading, _, row = (line.split() for line in text.rstrip().splitlines()[-3:])
    assert heading == ["metric", "validation", "test", "test,", "constant"]
    assert row == ["MAE", "0.003123", "12,345", "20,000"]


def test_beside_each_split_stands_the_model_before_training_where_it_was_measured() -> None:
    measured = {"validation": {"perplexity": 8.0}, "test": {"perplexity": 9.5}}
    before = {"validation": {"perplexity": 20.25}, "test": {"perplexity": 21.5}}
    text = render(tables.build_metrics_table(measured, before=before))
    heading, _, row = (line.split() for line in text.rstrip().splitlines()[-3:])
    assert heading == ["metric", "validation", "validation,", "before", "test", "test,", "before"]
    assert [float(cell) for cell in row[1:]] == [8.0, 20.25, 9.5, 21.5]


def test_backbones_begin_with_familiar_columns() -> None:
    table = tables.build_backbones_table([{"extra": "z", "parameters": 5_900_000, "name": "EfficientNetV2B0"}])
    assert table.headings == ["name", "parameters", "extra"]
    assert "5.9 M" in render(table)


def test_importing_the_reports_imports_nothing_heavy() -> None:
    code = (
        "import sys, kerastune_ft.reporting.terminal.tables, kerastune_ft.reporting.page.document;"
        "print([m for m in ('tensorflow','pandas','sklearn','matplotlib','jinja2','numpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_plan_is_text_in_print_and_speaks_python_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = run_files.plan_document() | {"notes": ["the run goes on with --run-dir runs/x-1"]}
    # Notebooks ask for colours by this variable.
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = tables.write_plan(plan)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "xray  seed 7, 2 phases" in text
    assert "goes on with --run-dir runs/x-1" in text
    be_in(monkeypatch)
    assert 'goes on with run_dir="runs/x-1"' in tables.write_plan(plan)
    assert "goes on with run_dir=&#34;runs/x-1&#34;" in tables.render_plan_html(plan)
