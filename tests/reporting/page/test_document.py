from __future__ import annotations

import base64
import json
import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.reporting.page import document
from tests.support import run_files

HOSTILE = ('<script>alert("a")</script>', "R&D 'x' {{ 7*7 }}", "正常")


class Outline(HTMLParser):
    """Collects tags, and checks that what opens also closes."""

    VOID = ("meta", "img", "br", "wbr", "use", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.extend((name, value or "") for name, value in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.extend((name, value or "") for name, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_files.write_run(tmp_path_factory.mktemp("runs") / "xray-1")


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return document.render(run)


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    references = [value for name, value in outline.attributes if name in ("src", "href", "xlink:href", "srcset")]
    assert references
    assert all(value.startswith(("#", "data:image/png;base64,")) for value in references)
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)'\"]*)", page))
    assert "@import" not in page and "<script" not in page and "<link" not in page


def test_every_tag_closes_and_every_anchor_has_a_target(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    targets = {value for name, value in outline.attributes if name == "id"}
    assert {value[1:] for name, value in outline.attributes if name == "href"} <= targets


def test_the_same_files_give_the_same_page(run: Path, page: str) -> None:
    assert document.render(run) == page


def test_the_page_shows_state_metrics_phases_and_environment(page: str) -> None:
    for text in ("<h1>xray</h1>", ">done<", "0.9032", "validation 0.9132", "bit-identical", "2.21.0", "12" * 32):
        assert text in page
    assert "image classification on EfficientNetV2B0" in page


def test_thumbnails_are_inside_the_page(run: Path, page: str) -> None:
    listed = json.loads((run / "evaluation/mistakes.json").read_text())
    for mistake in listed:
        picture = (run / "evaluation/mistakes" / mistake["file"]).read_bytes()
        assert base64.b64encode(picture).decode() in page
        assert mistake["input"] in page


def test_a_mistake_without_a_picture_shows_its_text(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    mistake = {"file": None, "input": "refund <please>", "label": "normal", "prediction": "viral", "probability": 0.9}
    run_files.write_json(run / "evaluation/mistakes.json", [mistake])
    page = document.render(run)
    assert "refund &lt;please&gt;" in page and "<img" not in page


def test_a_picture_outside_the_mistakes_folder_is_not_opened(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    (tmp_path / "secret.png").write_bytes(b"secret")
    mistake = {"file": "../../../secret.png", "input": "a", "label": "b", "prediction": "c", "probability": 0.9}
    run_files.write_json(run / "evaluation/mistakes.json", [mistake])
    assert base64.b64encode(b"secret").decode() not in document.render(run)


def test_hostile_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r", classes=HOSTILE)
    plan = json.loads((run / "plan.json").read_text())
    plan["name"] = plan["data"]["name"] = "</title><img src=x onerror=y>"
    plan["data"]["skipped"][0]["path"] = "a/<b>&.png"
    run_files.write_json(run / "plan.json", plan)
    page = document.render(run)
    assert "<script" not in page and "<img src=x" not in page and "<b>&.png" not in page
    assert "{{ 7*7 }}" in unescape(page) and HOSTILE[2] in page
    outline = Outline()
    outline.feed(page)
    assert outline.open == []


def test_without_examples_no_path_thumbnail_or_group_id_appears(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r", examples=False)
    shown = run_files.write_run(tmp_path / "shown")
    assert "ward 3" in document.render(shown) and "P-0042" in document.render(shown)
    # Pictures left over from a time when examples were shown must not come back.
    run_files.write_mistakes(
        run, run_files.prediction_rows(("bacterial", "normal", "viral"), run_files.random.Random(1))
    )
    manifest = json.loads((run / "manifest.json").read_text())
    manifest.update(state="failed", exit_code=3, message='cannot read chest/ward 3/patient-0042.png in phase "head"')
    run_files.write_json(run / "manifest.json", manifest)
    page = document.render(run)
    for told in ("patient", "ward", "P-0042", ".png", "data:image", "<img"):
        assert told not in page + json.dumps(document.summarise(run)), told
    assert "1" in re.findall(r"skipped files</th><td>(\d+)", page)
    assert "phase &#34;head&#34;" in page


def test_without_a_configuration_nothing_private_is_shown(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    (run / "config.json").unlink()
    assert "patient" not in document.render(run)


@pytest.mark.parametrize(
    "name", ["plan.json", "manifest.json", "history.csv", "metrics.json", "evaluation/predictions.csv"]
)
def test_a_missing_file_is_named_and_the_rest_is_shown(tmp_path: Path, name: str) -> None:
    run = run_files.write_run(tmp_path / "r")
    (run / name).unlink()
    page = document.render(run)
    assert document.summarise(run)["missing"] == [name]
    assert f"Not in the run directory when this page was written: {name}." in page
    assert "<h1>xray</h1>" in page


def test_a_run_that_has_only_begun_says_what_is_to_come(tmp_path: Path) -> None:
    run_files.write_json(tmp_path / "config.json", run_files.config_document())
    page = document.render(tmp_path)
    assert "not begun" in page
    assert "<code>history.csv</code> is written after the first epoch" in page


@pytest.mark.parametrize(
    ("state", "told"),
    [("running", "Under way"), ("interrupted", "The same command goes on"), ("failed", "exit code 4")],
)
def test_a_run_that_is_not_done_says_so(tmp_path: Path, state: str, told: str) -> None:
    run = run_files.write_run(tmp_path / "r", state=state)
    assert told in document.render(run)
    assert document.summarise(run)["state"] == state


def test_a_changed_frozen_variable_is_shouted(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["phases"][0]["frozen"]["changed"] = ["stem/bn/moving_mean"]
    run_files.write_json(run / "manifest.json", manifest)
    page = document.render(run)
    assert "Do not trust this model" in page and "stem/bn/moving_mean" in page


def test_updated_statistics_are_no_part_of_what_was_frozen(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    assert "BatchNorm statistics included." in document.render(run)
    manifest = json.loads((run / "manifest.json").read_text())
    name = manifest["phases"][1]["name"]
    manifest["phases"][1]["updated"] = {"variables": 8, "moved": {"top": 0.1}}
    run_files.write_json(run / "manifest.json", manifest)
    assert f"BatchNorm statistics included; only in {name} those of the units that train" in document.render(run)


def test_many_classes_stay_legible(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r", classes=[f"leaf {n}" for n in range(100)], phases=5, epochs=4)
    page = document.render(run)
    matrix = re.search(r'<table class="confusion">.*?</table>', page, re.S)
    assert matrix and len(re.findall(r"<tr>", matrix.group())) == 21
    assert "Of 100 classes, the 19 in the most mistakes" in page
    assert len(document.summarise(run)["classes"]) == 100


def test_the_summary_is_json_and_says_what_the_page_says(run: Path, page: str) -> None:
    found = json.loads(json.dumps(document.summarise(run), allow_nan=False))
    assert found["metrics"]["test"]["accuracy"] == pytest.approx(0.9032)
    assert [phase["name"] for phase in found["phases"]] == ["head", "top_1"]
    for row in found["classes"]:
        assert f"{row['f1']:.4f}" in page


def test_a_directory_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not a run directory.*config\.json"):
        document.render(tmp_path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    (run / "metrics.json").write_text("{")
    with pytest.raises(DataError, match=r"metrics\.json: the file is damaged.*`run CONFIG --run-dir "):
        document.summarise(run)


def test_a_metric_that_is_not_a_number_has_no_value(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r", state="failed")
    run_files.write_json(run / "metrics.json", {"test": {"loss": float("nan"), "accuracy": 0.5}})
    assert document.summarise(run)["metrics"]["test"] == {"loss": None, "accuracy": 0.5}
    assert "0.5000" in document.render(run)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_letters_stand_out_from_every_ground_in_every_theme(page: str) -> None:
    themes = re.findall(r"--page: [^}]*", page)
    assert len(themes) == 3, "light, dark, print"
    for theme in themes:
        colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", theme))
        for ground in ("page", "card"):
            for letters in ("ink", "muted", "good", "bad", "warn"):
                low, high = sorted((luminance(colours[ground]), luminance(colours[letters])))
                assert (high + 0.05) / (low + 0.05) >= 4.5, f"{letters} on {ground}"


def test_headings_are_in_order_and_tables_and_pictures_say_what_they_are(page: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(re.search(r'role="img" aria-label="[^"]+"', tag) for tag in re.findall(r"<svg [^>]*>", page))
    assert all(re.search(r' alt="[^"]+"', tag) for tag in re.findall(r"<img [^>]*>", page))
    assert all('<th scope="row"' in table for table in re.findall(r"<table.*?</table>", page, re.S))
    assert re.search(r'<time datetime="[^"]+">', page)


def test_names_of_classes_are_broken_only_where_their_words_end(tmp_path: Path) -> None:
    names = ("balance_not_updated_after_bank_transfer", "Refund_not_showing_up", "cardArrival")
    run = run_files.write_run(tmp_path / "r", classes=names)
    (run / "history.csv").unlink()
    page = document.render(run)
    assert "<wbr>".join(("balance_", "not_", "updated_", "after_", "bank_", "transfer")) in page
    assert "card<wbr>Arrival" in page
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style and "td, th { overflow-wrap: normal; }" in style.group(1)


def test_whole_time_and_proofs_are_on_the_page(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    (run / "history.csv").unlink()
    assert "Where the time went" not in document.render(run)
    events = [
        {"time": "2026-01-01T00:00:05+00:00", "event": "started", "elapsed": 5.0},
        {"time": "2026-01-01T00:01:35+00:00", "event": "spent", "part": "saving", "seconds": 2.0, "elapsed": 95.0},
        # The page is written before.
        {"time": "2026-01-01T00:01:38+00:00", "event": "ended", "state": "done", "elapsed": 98.0},
    ]
    (run / "events.jsonl").write_text("\n".join(map(json.dumps, [*events, *events])) + '\n{"event": "spe')
    page = document.render(run)
    assert "whole time 3 min 10 s in 2 starts" in page and "data read, model built" in page
    manifest = json.loads((run / "manifest.json").read_text())
    assert all(phase["frozen"]["sha256"] in page for phase in manifest["phases"] if phase.get("frozen"))


def test_charts_are_drawn_for_narrow_screens_too(page: str) -> None:
    wide, narrow = (
        re.search(rf'<div class="chart at-{width}"><svg [^>]*viewBox="0 0 ([\d.]+)', page)
        for width in ("width", "narrow")
    )
    assert wide and narrow and float(narrow.group(1)) < 300 < 600 < float(wide.group(1))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_findings_are_shown_without_a_test_split_too(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    metrics = json.loads((run / "metrics.json").read_text())
    run_files.write_json(run / "metrics.json", {"validation": metrics["validation"]})
    told = document.summarise(run)["findings"]
    assert told, "the last phase of this run still improved"
    assert all(finding["text"] in unescape(document.render(run)) for finding in told)


def test_notes_on_the_data_stand_under_data(tmp_path: Path) -> None:
    path = run_files.write_run(tmp_path / "run")
    plan = json.loads((path / "plan.json").read_text())
    cut, other = "3 of 9 texts are cut", "deterministic operations are on"
    run_files.write_json(path / "plan.json", {**plan, "notes": [cut, other], "notes_on_data": [cut]})
    found = document.summarise(path)
    assert found["notes"] == ["deterministic operations are on"]
    assert found["data"]["notes"][-1] == "3 of 9 texts are cut"
    page = document.render(path)
    assert (
        page.index('<section id="data">')
        < page.index("3 of 9 texts are cut")
        < page.index('<section id="environment">')
    )
    assert page.count("3 of 9 texts are cut") == 1
