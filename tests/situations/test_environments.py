"""Where the program runs: streams, signals, locales, settings of other programs, limits. One row is one situation."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from tests.support.places import import_environment
from tests.support.same_runs import assert_equal
from tests.support.tiny_text import text_document, write_texts

CONFIG = {
    "name": "tiny",
    "task": {"kind": "image_classification", "classes": ["café", "tea"]},
    "data": {"kind": "arrays", "path": "data.npz"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1}],
}
PROGRAM = "$PYTHON -m kerastune_ft"
# The program with an engine that computes nothing.
STUB = "$PYTHON -m tests.support.stub_program"


@dataclass(frozen=True)
class Situation:
    """A command in surroundings, and what it must come to."""

    name: str
    command: str
    """For bash; a pipe ends with the exit code of its first part."""
    code: int = 0
    said: str = ""
    """A part of what it says on either stream."""
    state: str | None = None
    """The state of the run in its manifest."""
    variables: dict[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    """Variables that are taken away."""
    slow: bool = False
    """Whether another row or a test of a module holds the same by default."""

    def check(self, folder: Path) -> None:
        """Give the command in a folder with a configuration, and compare."""
        (folder / "tiny.json").write_text(json.dumps(CONFIG, ensure_ascii=False), encoding="utf-8")
        environment = import_environment(PYTHON=sys.executable, KERASTUNE_CACHE=str(folder / "cache"))
        environment = {name: text for name, text in environment.items() if name not in self.unset} | self.variables
        command = f"{self.command}; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=folder, env=environment, check=False)
        said = (done.stdout + done.stderr).decode()
        assert (done.returncode, self.said in said) == (self.code, True), said
        assert "Traceback" not in said
        assert "unexpected" not in said
        if self.state is not None:
            assert json.loads((folder / "runs/tiny-1/manifest.json").read_bytes())["state"] == self.state


STREAMS = [
    Situation("a reader that goes away", f"{STUB} run tiny.json 2>&1 | true", state="done"),
    Situation(
        "a full standard output",
        f"{STUB} run tiny.json >/dev/full",
        said="standard output cannot be written (No space left on device); the run is in runs/tiny-1",
        state="done",
    ),
    Situation("a full standard error", f"{STUB} run tiny.json 2>/dev/full", said="accuracy", state="done", slow=True),
    Situation("no streams at all", f"{STUB} run tiny.json <&- >&- 2>&-", state="done"),
    Situation(
        "JSON that nobody can have",
        f"{STUB} run tiny.json --json >/dev/full",
        said="metrics.json",
        state="done",
        slow=True,
    ),
    Situation(
        "a failure that nobody reads", f"STUB=fail {STUB} run tiny.json 2>&1 | true", code=3, state="failed", slow=True
    ),
    Situation(
        "a failure without streams", f"STUB=fail {STUB} run tiny.json >&- 2>&-", code=3, state="failed", slow=True
    ),
    Situation("a wrong word that nobody reads", f"{PROGRAM} validate none.json 2>&1 | true", code=2, slow=True),
    Situation("a list that is not read to its end", f"{PROGRAM} schema | true", slow=True),
    Situation("a list that has no room", f"{PROGRAM} schema >/dev/full", code=6, said="no space left for the output"),
]

SIGNALS = [
    *(
        Situation(
            f"{name} within a step",
            f"STUB={name} {STUB} run tiny.json",
            code=75,
            said=f"{name}: stopped, nothing is lost; the same command goes on",
            state="interrupted",
            slow=True,
        )
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    ),
    Situation(
        "a terminal that goes away says so twice",
        f"STUB=!SIGHUP,SIGHUP {STUB} run tiny.json 2>&1 | cat",
        code=75,
        said="SIGHUP: stopped, nothing is lost",
        state="interrupted",
    ),
    Situation(
        "a warning before the end of a job, twice",
        f"STUB=SIGUSR1,SIGUSR1 {STUB} run tiny.json",
        code=75,
        said="SIGUSR1: stopped",
        state="interrupted",
        slow=True,
    ),
    Situation("a terminal that may go away", f"trap '' HUP; STUB=SIGHUP {STUB} run tiny.json", state="done", slow=True),
]


# It has the lines of a table, and a name with a letter that is no ASCII.
TABLE = f"{PROGRAM} validate tiny.json --explain"
ASCII = {"PYTHONIOENCODING": "ascii"}
NO_UTF8 = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
TERMINALS = [
    Situation(
        "a name that the locale cannot write",
        f"sed 's/data.npz/café.npz/' tiny.json > other.json; {PROGRAM} validate other.json",
        code=2,
        said="file names cannot have in this process, whose locale is ascii; set LC_ALL=C.UTF-8 or PYTHONUTF8=1",
        variables=NO_UTF8,
    ),
    Situation("a locale without UTF-8", f"{PROGRAM} validate medical --explain", said="|name", variables=NO_UTF8),
    Situation("an encoding of ASCII", TABLE, said="caf\\xe9", variables=ASCII),
    Situation("an encoding of ASCII, JSON", f"{TABLE} --json", said="caf\\u00e9", variables=ASCII, slow=True),
    Situation("the C locale", TABLE, said="café", variables={"LC_ALL": "C"}, slow=True),
    Situation("no columns", TABLE, said="output.trackers", variables={"COLUMNS": "0", "TERM": "dumb"}, slow=True),
    Situation("columns that are no number", TABLE, variables={"COLUMNS": "-5"}, slow=True),
    Situation("warnings that are errors", TABLE, variables={"PYTHONWARNINGS": "error"}, slow=True),
    Situation("no docstrings and no assertions", TABLE, variables={"PYTHONOPTIMIZE": "2"}, slow=True),
    Situation("no home", f"unset HOME; {TABLE}", slow=True),
    Situation("no folder for temporary files", TABLE, variables={"TMPDIR": "/nonexistent"}, slow=True),
]

SETTINGS = [
    Situation(
        "a keras.json with which Keras cannot be imported",
        f'mkdir keras; echo \'{{"floatx": "int8"}}\' > keras/keras.json; KERAS_HOME=keras {PROGRAM} run tiny.json',
        code=2,
        said="keras/keras.json says floatx 'int8'",
    ),
    Situation(
        "no docstrings, and TensorFlow",
        f"PYTHONOPTIMIZE=2 {PROGRAM} units MobileNetV2",
        code=2,
        said="Python leaves docstrings out",
    ),
    Situation(
        "a cluster that is none",
        f"TF_CONFIG=nonsense {PROGRAM} units MobileNetV2",
        said="block16",
        slow=True,
    ),
    Situation(
        "flags that TensorFlow does not know",
        f"TF_XLA_FLAGS=--nonsense {PROGRAM} units MobileNetV2",
        code=1,
        said="Unknown flag in TF_XLA_FLAGS: --nonsense",
        slow=True,
    ),
]

PLACES = [
    Situation(
        "a run directory on the web",
        f"{PROGRAM} verify http://host/run",
        code=2,
        slow=True,
        said="is an address of the web",
    ),
    Situation(
        "a new run on the web", f"{PROGRAM} run tiny.json --run-dir https://h/r", code=2, said="an address of the"
    ),
    Situation(
        "runs on the web",
        f"{PROGRAM} validate tiny.json --set output.directory=ftp://h",
        code=2,
        slow=True,
        said="the web",
    ),
    Situation(
        "a run directory that is not UTF-8",
        f"{STUB} run tiny.json --run-dir $'runs/\\xe9' && grep -q done runs/*/manifest.json && {PROGRAM} runs --json",
        said="runs/\\udce9",
    ),
    Situation(
        "data that are not UTF-8",
        f"{STUB} run tiny.json --set data.path=$'caf\\xe9.npz' && grep -h path runs/tiny-1/config.json",
        said="caf\\udce9.npz",
        state="done",
        slow=True,
    ),
    Situation(
        "a fresh start of the working directory",
        f"mkdir here; cd here; {STUB} run ../tiny.json --run-dir . && {STUB} run ../tiny.json --run-dir . --fresh",
        code=2,
        said="--fresh: . holds the folder in which this command was given",
        slow=True,
    ),
    Situation(
        "a name that is too long", f"{PROGRAM} verify {'n' * 300}", code=2, said="file name too long; shorten it"
    ),
    Situation(
        "a run in a file",
        f"{PROGRAM} run tiny.json --run-dir tiny.json",
        code=2,
        slow=True,
        said="tiny.json cannot be used",
    ),
    Situation(
        "a run in a file's folder", f"{PROGRAM} verify tiny.json/x", code=2, said="is no run directory", slow=True
    ),
    Situation(
        "a pipe for a configuration", f"mkfifo p; {PROGRAM} validate p", code=2, said="not a regular file", slow=True
    ),
    Situation(
        "a pipe for a table", f"mkfifo p.csv; {PROGRAM} init p.csv", code=3, said="is a pipe, a socket or a device"
    ),
    Situation(
        "a pipe for pictures",
        f"mkfifo p.png; {PROGRAM} plan tiny.json --pictures p.png",
        code=2,
        said="is a pipe or device",
    ),
    Situation("a cache on the web", f"KERASTUNE_CACHE=http://h {PROGRAM} cache", code=2, said="an address of the web"),
]

LIMITS = [
    Situation(
        "a limit of file sizes",
        f"ulimit -f 0; {STUB} run tiny.json 2>&1 | cat",
        code=6,
        said="no space left below the limit of file sizes (ulimit -f) for runs/tiny-1",
    ),
    Situation(
        "a limit of file sizes, init",
        f"ulimit -f 0; {PROGRAM} init --example medical --output new.json 2>&1 | cat\n"
        "code=${PIPESTATUS[0]}; test ! -e new.json && (exit $code)",
        code=6,
        said="no space left below the limit of file sizes (ulimit -f) (new.json)",
        slow=True,
    ),
    Situation(
        "a limit of memory that TensorFlow has no room in",
        f"ulimit -v 2000000; {PROGRAM} units MobileNetV2",
        code=6,
        said="the limit of memory addresses is 2.0 GB (ulimit -v",
    ),
    Situation(
        "a limit of memory that may do",
        f"ulimit -v 3500000; {PROGRAM} units MobileNetV2",
        said="TensorFlow may end without a word: raise it then",
        slow=True,
    ),
]

ROWS = [*STREAMS, *SIGNALS, *TERMINALS, *SETTINGS, *PLACES, *LIMITS]


@pytest.mark.parametrize(
    "situation",
    [pytest.param(row, id=row.name, marks=[pytest.mark.slow] if row.slow else []) for row in ROWS],
)
def test_the_program_ends_as_it_should(situation: Situation, tmp_path: Path) -> None:
    situation.check(tmp_path)


def test_what_this_user_may_not_read_is_not_called_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.json").write_text('{"state": "done"}')
    read = Path.read_text

    def read_text(path: Path, *arguments: Any, **options: Any) -> str:
        if path.name == "manifest.json":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *arguments, **options)

    # Whoever runs the tests as root may read everything.
    monkeypatch.setattr(Path, "read_text", read_text)
    (tmp_path / "config.json").write_text("{}")
    for command in ("verify", "report"):
        done = CliRunner().invoke(main, [command, str(tmp_path)])
        assert done.exit_code == 2
        assert f"{tmp_path}/manifest.json: permission denied; give this user the right to it" in done.stderr


@pytest.mark.slow
def test_figures_depend_on_nothing_that_other_programs_set(tmp_path: Path) -> None:
    document = text_document(write_texts(tmp_path / "texts.csv"))
    (tmp_path / "texts.json").write_text(json.dumps(document | {"phases": document["phases"][:1]}))
    settings = {"backend": "torch", "floatx": "float16", "epsilon": 0.01, "image_data_format": "channels_first"}
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(settings))
    odd = {
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": str(tmp_path / "keras"),
        "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "1",
        "TF_CONFIG": "nonsense",
        "CUDA_VISIBLE_DEVICES": "banana",
        "COLUMNS": "0",
        **NO_UTF8,
    }
    common = {"TF_CONFIG": "", "KERASTUNE_CACHE": str(tmp_path / "cache")}
    for name, variables in (("plain", {}), ("odd", {**odd, "KERASTUNE_CACHE": str(tmp_path / "cache of its own")})):
        command = [sys.executable, "-m", "kerastune_ft", "run", "texts.json", "--run-dir", name]
        command += ["--set", "runtime.replicas=2"]
        environment = import_environment(**common) | variables
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, check=False)
        assert done.returncode == 0, done.stderr.decode()
    assert b"whatever the environment variable KERAS_BACKEND (backend jax) and" in done.stderr
    assert_equal(tmp_path / "plain", tmp_path / "odd")
