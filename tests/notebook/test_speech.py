from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kerastune_ft.cli import main
from kerastune_ft.notebook.speech import OPTIONS, is_news, translate
from tests.support.kernels import be_in
from tests.support.places import ROOT

PACKAGE = ROOT / "kerastune_ft"
# Options of other programs, which stay what they are.
OF_OTHERS = re.compile(r"--(?:force-reinstall|no-deps|query-gpu|format=csv|tf_\w+)|var\(--[^)]*\)|^--runs/")
# What is no sentence for people, or no message of a function.
NO_MESSAGES = (
    *("cli", "notebook", "training/devices/launch.py", "training/devices/memory.py"),
    # Rooms of commands that no function stands for.
    *("serving", "api/use/serving.py", "doctor", "fetching"),
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("start over with --fresh, which keeps this run", "start over with fresh=True, which keeps this run"),
        (
            "(all that is wrong: python -m kerastune_ft verify runs/x-1)",
            '(all that is wrong: kt.verify("runs/x-1"))',
        ),
        ("python -m kerastune_ft plan 'my photos.json'", 'kt.plan("my photos.json")'),
        ("see: python -m kerastune_ft units NAME --variables", "see: kt.units(NAME)"),
        ("python -m kerastune_ft run a.json --fresh", 'kt.run("a.json", fresh=True)'),
        (
            "python -m kerastune_ft run a.json --set phases.head.epochs=2 --set name=b",
            'kt.run("a.json", overrides={"phases.head.epochs": 2, "name": "b"})',
        ),
        (
            "let  python -m kerastune_ft predict runs/x-1 a.csv --input COLUMN  answer its rows",
            'let  kt.open_run("runs/x-1").predict("a.csv", input=COLUMN)  answer its rows',
        ),
        (
            "python -m kerastune_ft predict runs/x-1 a.png b.png",
            'kt.open_run("runs/x-1").predict(["a.png", "b.png"])',
        ),
        ("python -m kerastune_ft report runs/x-1", 'kt.open_run("runs/x-1").report()'),
        ("python -m kerastune_ft report runs/x-1 --explain", 'kt.open_run("runs/x-1").explain()'),
        (
            "python -m kerastune_ft export runs/x-1 --format onnx --calibrated",
            'kt.open_run("runs/x-1").export("onnx", calibrated=True)',
        ),
        ("python -m kerastune_ft serve runs/x-1 --port 80", "!python -m kerastune_ft serve runs/x-1 --port 80"),
        ("--port: 80 is in use", "--port: 80 is in use"),
        ("python -m kerastune_ft evaluate RUN --data test.npz", 'kt.open_run(RUN).evaluate("test.npz")'),
        (
            "the same command with --run-dir runs/x-1 --set phases.a.batch_size=8 --set phases.a.accumulate=4, or "
            "--set phases.a.accumulate=auto has",
            'the same call with run_dir="runs/x-1", overrides={"phases.a.batch_size": 8, "phases.a.accumulate": 4}, or '
            'overrides={"phases.a.accumulate": "auto"} has',
        ),
        ("--split has no effect with --data, which is", "split has no effect with data, which is"),
        ("--label: there is no column", "label: there is no column"),
        ('Name it with  --label "age at visit"  (repeat it)', 'Name it with  label="age at visit"  (repeat it)'),
        ("give another --run-dir or output.directory", "give another run_dir or output.directory"),
        ("new; --run-dir runs/a-1 would go on", 'new; run_dir="runs/a-1" would go on'),
        ("give its run command again to finish it", "call kt.run again to finish it"),
        ("--set task.kind takes the place of", 'overrides: "task.kind" takes the place of'),
        ("see: python -m kerastune_ft backbones", "see: !python -m kerastune_ft backbones"),
        ("see: python -m kerastune_ft schema --defaults", "see: !python -m kerastune_ft schema --defaults"),
        ("evaluate data that it never saw with --data", 'evaluate data that it never saw with data="..."'),
        ("`run CONFIG --run-dir runs/a-1` goes on", '`kt.run(CONFIG, run_dir="runs/a-1")` goes on'),
        ("null is not allowed here; write", "None is not allowed here; write"),
        ("for want of width (see --wide)", "for want of width (the object itself has all of it)"),
        (
            "is 1 text; a pair has two, with a tab between them; in bash that is  $'first\\tsecond', and a CSV file or "
            "lines on standard input hold pairs too",
            'is 1 text; a pair has two: give a tuple, ("first", "second"); a CSV file or a DataFrame holds pairs too',
        ),
        ("Put back what was there, then give the same command again.", "Put back what was there, then make the same"),
    ],
)
def test_commands_and_options_become_python(said: str, meant: str) -> None:
    assert translate(said).startswith(meant)


@pytest.mark.parametrize(
    "text",
    [
        "no index page at a--b.txt",
        "my--fresh.png cannot be opened",
        'python -m pip install --force-reinstall --no-deps "tensorflow-tpu==2.20.*"',
        "labels: 3 classes -- none is rare",
    ],
)
def test_what_is_no_command_stays(text: str) -> None:
    assert translate(text) == text


def test_what_was_translated_stays() -> None:
    once = translate("see: python -m kerastune_ft backbones, or give --fresh and --run-dir runs/x")
    assert translate(once) == once


def test_every_option_of_the_commands_is_known() -> None:
    given = {
        name.removeprefix("--")
        for command in main.commands.values()
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    }
    assert given <= OPTIONS


SCRIPT = """
import kerastune_ft as kt
from kerastune_ft.cli import main
for call in (lambda: kt.init("p", "x.json"), lambda: kt.evaluate("p", data="p", split="test")):
    try:
        call()
    except kt.KerasTuneError as error:
        print(error)
try:
    main(["init", "p", "--output", "x.json"])
except SystemExit:
    pass
try:
    kt.init("p", "x.json")
except kt.KerasTuneError as error:
    print(error)
"""


def test_scripts_are_spoken_to_in_python_and_commands_in_theirs(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "x.json").write_text("{}")
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True
    )
    said = "x.json already exists and is not overwritten; give another file with output"
    assert found.stdout.decode().splitlines() == [
        f'{said}="..."',
        "split has no effect with data, which is evaluated whole; give one of them",
        f'{said}="..."',
    ]
    assert said.replace("with output", "with --output") in found.stderr.decode()


def list_messages(path: Path) -> Iterator[tuple[int, str]]:
    """Give every text of a module that is no docstring, with a path in the place of what is put into it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "runs/x-1" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inside:
            yield node.lineno, node.value


def find_commands(text: str) -> list[str]:
    """Return what still speaks of the command line in a text."""
    rest = OF_OTHERS.sub("", text)
    dashes = re.findall(r"(?<![\w-])--[a-z][\w-]*", re.sub(r"!python -m kerastune_ft [^;)\n]*", "", rest))
    commands = re.findall(r"(?<!!)python -m kerastune_ft\b", rest)
    words = re.findall(r"(?:the same|this|its|run) command", rest)
    return dashes + commands + words


def test_no_message_of_the_program_speaks_of_commands() -> None:
    left = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith(NO_MESSAGES):
            continue
        for line, text in list_messages(path):
            if found := find_commands(translate(text)):
                left.append(f"{place}:{line}: {found} in {translate(text)!r}")
    assert left == []


def test_looking_for_commands_finds_them() -> None:
    assert find_commands("give --frsh") == ["--frsh"]
    assert find_commands("see: python -m kerastune_ft units") == ["python -m kerastune_ft"]
    assert find_commands("see: !python -m kerastune_ft schema --defaults") == []
    texts = [text for path in PACKAGE.rglob("*.py") for _, text in list_messages(path)]
    assert sum(bool(find_commands(text)) for text in texts) > 80


def test_a_program_hears_a_sentence_once_and_commands_say_it_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "predicting with runs/heard-once-1 on CPU"
    assert is_news(sentence) and is_news(sentence)
    be_in(monkeypatch)
    assert is_news(sentence) and not is_news(sentence)
