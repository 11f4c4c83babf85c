"""The command line as far as it needs no TensorFlow; tests/runs/test_run_commands.py has the rest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from kerastune_ft import streams
from kerastune_ft.api import training
from kerastune_ft.cli.commands import main
from kerastune_ft.errors import (
    ConfigError,
    DataError,
    DivergedError,
    Interrupted,
    KerasTuneError,
    PromiseError,
    ResourceError,
)

CONFIG: dict[str, Any] = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "arrays", "path": "data.npz"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1}],
}


def give(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("tiny.json").write_text(json.dumps(CONFIG))
    return "tiny.json"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    phases = [{"name": "head", "unfreeze": "none", "epoch": 2, "learning_rate": -1}]
    Path("broken.json").write_text(json.dumps({**CONFIG, "phases": phases}))
    return "broken.json"


@pytest.mark.parametrize(
    "words",
    [("backbones",), ("tasks",), ("datasets",), ("schema",), ("schema", "--defaults"), ("validate", "medical")],
    ids=" ".join,
)
def test_lists_are_json_on_standard_output_and_text_without(words: tuple[str, ...]) -> None:
    result = give(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)
    plain = give(*words)
    assert plain.exit_code == 0
    assert plain.stdout.strip()


def test_every_command_takes_json_and_debug() -> None:
    for name, command in main.commands.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "--debug", "--wide", "-q", "-v"} <= options, name


@pytest.mark.parametrize("words", [(), ("run",), ("plan",), ("units",)], ids=str)
def test_help_is_there(words: tuple[str, ...]) -> None:
    result = give(*words, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_the_version_is_the_packages() -> None:
    import importlib.metadata

    assert give("--version").stdout.strip().endswith(importlib.metadata.version("kerastune_ft"))


@pytest.mark.parametrize(
    "words", [("run", "--quick"), ("run",), ("train", "x"), ("validate", "a", "b"), ("report",)], ids=" ".join
)
def test_wrong_words_are_exit_code_2(words: tuple[str, ...]) -> None:
    result = give(*words)
    assert result.exit_code == 2
    assert "Error:" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["validate", "run", "plan"])
def test_a_wrong_configuration_lists_every_problem(broken: str, command: str) -> None:
    result = give(command, broken)
    assert result.exit_code == 2
    assert "epoch" in result.stderr
    assert "learning_rate" in result.stderr
    assert "Traceback" not in result.output
    assert not Path("runs").exists(), "what is refused leaves nothing behind"


def test_problems_are_json_too(broken: str) -> None:
    result = give("validate", broken, "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["error"], document["exit_code"]) == (2, "ConfigError", 2)
    places = {problem["place"] for problem in document["problems"]}
    assert places >= {"phases[0].epochs", "phases[0].learning_rate"}
    assert all(problem["message"] for problem in document["problems"])


def test_validate_says_what_it_could_not_check(config: str) -> None:
    result = give("validate", config)
    assert result.exit_code == 0
    assert "no problems; 1 phase: head" in result.stdout
    assert "not checked here:" in result.stdout
    assert "accepts its options" not in result.stdout
    assert "where it says" not in result.stdout
    of_a_preset = 'backbone={"kind": "keras_hub", "preset": "bert_nowhere"}'
    assert "whether the backbone is where it says" in give("validate", config, "--set", of_a_preset).stdout
    of_a_class = 'backbone={"kind": "keras_hub", "class": "ViTBackbone", "options": {"num_layers": 2}}'
    assert "the backbone's class accepts its options" in give("validate", config, "--set", of_a_class).stdout
    assert give("validate", config, "--set", "phases.head.epochs=0").exit_code == 2
    assert json.loads(give("validate", config, "--set", "name=other", "--json").stdout)["name"] == "other"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "nothing.json"), "no configuration nothing.json"),
        (("run", "tiny.json", "--until-phase", "top"), "there is no phase 'top'; the phases are head"),
        (("run", "tiny.json", "--stop-after", "soon"), "soon"),
        (("run", "tiny.json", "--run-dir", "full"), "full is not empty and holds no run; give another --run-dir"),
        (("run", "tiny.json", "--run-dir", "full/file"), "full/file cannot be used as a run directory"),
        (("run", "tiny.json", "--set", "output.directory=full/file"), "cannot be used as a run directory"),
        (("evaluate", "nothing"), "nothing is no run directory"),
        (("report", "nothing"), "nothing is no run directory"),
        (("units", "MobileNetV9"), "did you mean MobileNetV"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_can_be_refused_is_refused_before_tensorflow(
    config: str, words: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("full").mkdir()
    Path("full/file").write_text("")
    monkeypatch.setattr(training, "load_engine", lambda *settings: pytest.fail("TensorFlow was imported"))
    result = give(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("runs").exists()


class Engine:
    """An engine that fails as it is told."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def execute(self, *arguments: Any) -> bool:
        raise self.error


ERRORS: list[tuple[BaseException, int, str]] = [
    (ConfigError("wrong word"), 2, "failed"),
    (DataError("no images"), 3, "failed"),
    (DivergedError("NaN"), 4, "failed"),
    (PromiseError("changed"), 5, "failed"),
    (ResourceError("full"), 6, "failed"),
    (Interrupted("stopped"), 75, "interrupted"),
    (KeyboardInterrupt(), 75, "interrupted"),
    (MemoryError(), 6, "failed"),
    (OSError(28, "No space left on device", "model.keras"), 6, "failed"),
    (type("ResourceExhaustedError", (Exception,), {})("OOM when allocating"), 6, "failed"),
    (RuntimeError("a fault"), 1, "failed"),
]


@pytest.mark.parametrize(("error", "code", "state"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_has_its_exit_code_in_the_manifest_too(
    config: str, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, state: str
) -> None:
    monkeypatch.setattr(training, "load_engine", lambda *settings: Engine(error))
    result = give("run", config, "--run-dir", "out")
    assert result.exit_code == code
    assert "Traceback" not in result.stderr
    assert result.stderr.strip()
    assert result.stdout == ""
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert (manifest["state"], manifest["exit_code"]) == (state, code)


def test_memory_and_disk_have_a_remedy(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load_engine", lambda *settings: Engine(MemoryError()))
    assert "out of memory; give a smaller image_size" in give("run", config).stderr
    monkeypatch.setattr(
        training, "load_engine", lambda *settings: Engine(OSError(28, "No space left on device", "model.keras"))
    )
    assert "no space left (model.keras): free some" in give("run", config).stderr


@pytest.mark.parametrize("error", [DataError("no images"), RuntimeError("a fault")], ids=["data", "unexpected"])
def test_debug_shows_the_traceback_and_json_the_error(
    config: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(training, "load_engine", lambda *settings: Engine(error))
    result = give("run", config, "--json", "--debug")
    document = json.loads(result.stdout)
    assert (document["error"], document["message"]) == (type(error).__name__, str(error))
    assert document["exit_code"] == result.exit_code
    assert "Traceback (most recent call last)" in result.stderr


def test_a_failed_start_is_started_again_in_the_same_place(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that was missing and now is there, a first attempt that was killed: no number is lost."""
    monkeypatch.setattr(training, "load_engine", lambda *settings: Engine(DataError("no images")))
    for directory in ((), ("--run-dir", "out")):
        assert [give("run", config, *directory).exit_code for _ in range(2)] == [3, 3]
    assert os.listdir("runs") == ["tiny-1"]
    # Corrected, the configuration may go to the same directory, since nothing was trained there.
    assert give("run", config, "--run-dir", "out", "--set", "seed=5").exit_code == 3


def test_every_error_of_the_package_has_a_test_here() -> None:
    assert {type(error) for error, *_ in ERRORS} >= set(KerasTuneError.__subclasses__())


def test_a_click_abort_is_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        main.commands, "stop", click.Command("stop", callback=lambda: (_ for _ in ()).throw(click.Abort))
    )
    assert give("stop").exit_code == 75


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"set -o pipefail; {sys.executable} -m kerastune_ft schema | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize(("words", "code", "said"), [(("tasks", "--json"), 0, "image_regression"), (("tasky",), 2, "")])
def test_a_process_with_tensorflow_in_it_ends_at_once_with_all_that_it_said(
    words: tuple[str, ...], code: int, said: str
) -> None:
    script = (
        "import sys, types\n"
        "class Slow:\n"
        "    def __del__(self): sys.stdout.write('taken apart')\n"
        "slow = Slow()\n"
        "sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        f"sys.argv = ['kerastune_ft', *{words}]\n"
        "from kerastune_ft.cli.commands import main\n"
        "main()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    for given_environment, is_apart in ((environment, False), ({**environment, "TF_CONFIG": "{}"}, True)):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=given_environment, check=False
        )
        assert done.returncode == code
        assert said in done.stdout
        assert ("taken apart" in done.stdout) == is_apart


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("evalute", "x"), "did you mean evaluate?"), (("plann",), "did you mean plan?"), (("zzz",), "there are run,")],
    ids=["evalute", "plann", "zzz"],
)
def test_a_command_that_does_not_exist_names_the_nearest(words: tuple[str, ...], meant: str) -> None:
    result = give(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f'there is no command "{words[0]}"; {meant}' in result.stderr


def test_an_option_that_does_not_exist_names_the_nearest() -> None:
    result = give("validate", "--explian", "medical")
    assert result.exit_code == 2
    assert "--explain" in result.stderr


def test_quiet_and_verbose_exclude_each_other_and_last_as_long_as_the_command() -> None:
    result = give("validate", "medical", "-q", "-v")
    assert result.exit_code == 2
    assert "-q and -v" in result.stderr
    assert not streams.is_quiet() and not streams.is_verbose()
    assert give("validate", "medical", "-q").stdout == give("validate", "medical").stdout


def test_validate_mentions_what_is_still_to_be_decided(config: str) -> None:
    Path(config).write_text(json.dumps({"//": ["PLEASE DECIDE: is a the same as A?"], **CONFIG}))
    assert "tiny.json:1: PLEASE DECIDE: is a the same as A?" in give("validate", config).stdout
    assert "PLEASE" not in give("validate", config, "--json").stdout


def test_wide_tables_take_the_width_they_need_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    narrow, wide = (re.sub(r"\x1b\[\d*m", "", give("backbones", *more).stdout) for more in ((), ("--wide",)))
    assert "(see --wide)" in narrow
    assert "takes" not in narrow.split("\n ──")[0]
    assert "--wide" not in wide
    for line in narrow.split("(see --wide)")[0].splitlines():
        assert len(line) <= 80
    for word in ("SwinTransformerBackbone", "facebookresearch/ConvNeXt"):
        assert word in narrow and word in wide


@pytest.mark.parametrize(
    ("phases", "said"), [({"preset": "auto"}, "which a run chooses; --resolve"), ([], "its phases written out")]
)
def test_a_plan_that_is_written_says_whether_its_phases_are_there(
    phases: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "plan", lambda *given, **more: training.PlanView({}, {"phases": phases}))
    found = give("plan", "medical", "--json", "--write", str(tmp_path / "mine.json"))
    assert found.exit_code == 0 and said in found.stderr
    assert json.loads((tmp_path / "mine.json").read_text()) == {"phases": phases}
