"""From data to a server in the eight commands of docs/eight-commands.md, each of which prints the next."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from kerastune_ft.data.embedded import blood_smear, reviews
from tests.support.image_files import class_folders
from tests.support.places import ROOT, import_environment

PAGE = (ROOT / "docs/eight-commands.md").read_text()
# Weights and presets are not asked for, wherever this runs; only this machine is.
ALONE = """
import runpy, socket, sys
connect = socket.create_connection
def connect_here(address, *rest, **options):
    if address[0] not in ("127.0.0.1", "localhost"):
        raise OSError("there is no network in this test")
    return connect(address, *rest, **options)
socket.create_connection = connect_here
sys.argv[0] = "kerastune_ft"
runpy.run_module("kerastune_ft", run_name="__main__")
"""


def commands(heading: str) -> list[str]:
    """The commands of a section of the page."""
    section = PAGE[PAGE.index(f"## {heading}") :]
    (block, *_) = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return block.replace("\n  ", " ").splitlines()


def write_photos(folder: Path) -> None:
    for index in range(60):
        name = blood_smear.CLASSES[blood_smear.label(index)]
        path = folder / "photos" / name / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(blood_smear.image(index)).save(path)


def write_tickets(folder: Path) -> None:
    with (folder / "tickets.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([*reviews.text(index), reviews.CLASSES[reviews.label(index)]] for index in range(80))


def find_next(said: str) -> list[str]:
    """The commands that an output names after `next:`, on its line or below it, or after `try:`."""
    lines = said.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("next:"):
            rest = " ".join([line, *lines[number + 1 :]])
            return [found.strip() for found in re.findall(r"python -m kerastune_ft [^,]*?(?=,| {2}|$)", rest)]
    return []


def run(folder: Path, command: str, *more: str) -> str:
    words = [*shlex.split(command.removeprefix("python -m kerastune_ft ")), *more]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *words], cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
    return f"{done.stdout}\n{done.stderr}"


def environment(folder: Path) -> dict[str, str]:
    return import_environment(KERASTUNE_CACHE=str(folder / "cache"), KERAS_HOME=str(folder / "keras"), HOME=str(folder))


def serve(folder: Path, command: str) -> Iterator[tuple[str, str]]:
    """Start the server on a free port, and yield its address and the command that it prints to try it."""
    words = [*shlex.split(command.removeprefix("python -m kerastune_ft ")), "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, *words],
        cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", first)
        assert found is not None, first
        yield found[0], second.strip().removeprefix("try: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "write", "replace"),
    [
        ("A folder of photos", write_photos, ("FILE", f"photos/{blood_smear.CLASSES[blood_smear.label(0)]}/0.png")),
        ("A table of texts", write_tickets, ("a text", "the soup was superb")),
    ],
    ids=["photos", "texts"],
)
def test_each_command_prints_the_next_and_the_last_is_answered(
    heading: str, write: Callable[[Path], None], replace: tuple[str, str], tmp_path: Path
) -> None:
    write(tmp_path)
    *before, last, ask = commands(heading)
    assert len(before) == 6
    for command, following in zip(before, [*before[1:], last], strict=True):
        # Fewer epochs than `init` would take are all that is changed.
        said = run(tmp_path, command, *(["--epochs", "2"] if " init " in command else []))
        assert following in find_next(said), (command, find_next(said))
    for address, tried in serve(tmp_path, last):
        assert tried == ask.replace("http://127.0.0.1:8501", address)
        done = subprocess.run(
            ["bash", "-c", tried.replace(*replace)], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        (answer,) = json.loads(done.stdout)["predictions"]
        classes = blood_smear.CLASSES if heading.endswith("photos") else reviews.CLASSES
        assert answer["label"] in classes and len(answer["probabilities"]) == len(classes)


def test_the_transcript_names_each_command_and_then_the_next() -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    *listed, _ = commands("A folder of photos")
    parts = shown.split("\n$ ")
    assert [part.splitlines()[0].removeprefix("$ ") for part in parts] == listed
    for part, following in zip(parts, listed[1:], strict=False):
        assert following in find_next(part), part


@pytest.mark.parametrize("name", ["photos", "tickets.csv"])
def test_the_first_command_prints_the_second(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from kerastune_ft.cli.commands import main

    monkeypatch.setattr("socket.create_connection", lambda *arguments, **options: (_ for _ in ()).throw(OSError()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    class_folders(tmp_path / "photos") if name == "photos" else write_tickets(tmp_path)
    done = CliRunner().invoke(main, ["init", name])
    first, second, *_ = commands("A folder of photos" if name == "photos" else "A table of texts")
    assert done.exit_code == 0 and first == f"python -m kerastune_ft init {name}" and second in find_next(done.output)
    assert os.path.exists(f"{name.split('.')[0]}.json")
