"""scripts/tpu_vm_job.sh with a gcloud that keeps its VM in a folder and carries commands for it out there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.places import SCRIPTS
from tests.support.processes import HANG

SCRIPT = SCRIPTS / "tpu_vm_job.sh"
# The state of the VM is in state/vm; its home directory is home/. `plan` holds a line for every run on it.
GCLOUD = """#!/usr/bin/env bash
cd "$(dirname "$0")/.."
printf '%s\\n' "$*" | tr '\\n' ' ' >>calls; echo >>calls
state() { cat state/vm 2>/dev/null || echo GONE; }
case "$3 $4" in
"tpu-vm create") test ! -e no_capacity || exit 1; mkdir -p home; echo READY >state/vm ;;
"queued-resources create") mkdir -p home; echo READY >state/vm ;;
*delete) rm -rf home state/vm ;;
*describe)
    test "$(state)" != GONE || { echo "NOT_FOUND: no such resource" >&2; exit 1; }
    test "$3" = tpu-vm && state || echo ACTIVE ;;
"tpu-vm scp") cp -r "$6" home/ ;;
"tpu-vm ssh")
    test "$(state)" = READY || exit 1
    command=${*: -1}
    (cd home && bash -c "${command#--command=}") ;;
*) echo "unknown: $*" >&2; exit 9 ;;
esac
"""
# Installs nothing; a virtual environment is this file once more.
PYTHON = """#!/usr/bin/env bash
top=@TOP@
echo "python3 $*" >>$top/installed
case "$2 $3" in
"pip wheel") touch "$7/kerastune_ft-0.whl" ;;
"uv venv") mkdir -p venv/bin; cp "$0" venv/bin/python ;;
"kerastune_ft run")
    next=$(head -n 1 $top/plan); sed -i 1d $top/plan
    echo "$next: ${*:4}" >>$top/runs
    echo "epoch of $next"
    sleep 0.2
    test "$next" != preempted || { echo PREEMPTED >$top/state/vm; exit 137; }
    exit "$next" ;;
esac
exit 0
"""
# A run that ends once the script follows its log.
UNDER_WAY = """
import pathlib, time
while not pathlib.Path("log.txt").exists():
    time.sleep(0.01)
pathlib.Path("code").write_text("0")
"""

Job = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Run the script where the runs on the VM end as `plan` says: with an exit code, or preempted."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "state").mkdir()
    for name, text in (("gcloud", GCLOUD), ("python3", PYTHON.replace("@TOP@", str(tmp_path)))):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "my config.json").write_text("{}")

    def run(plan: Sequence[object], *words: str) -> subprocess.CompletedProcess:
        (tmp_path / "plan").write_text("".join(f"{line}\n" for line in plan))
        given = words or ("--zone", "z", "--run-dir", "gs://bucket/run", "--poll", "0", "my config.json")
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.defpath}"
        return subprocess.run(
            [str(SCRIPT), *given], capture_output=True, text=True, cwd=tmp_path, timeout=HANG, check=False,
            env={"PATH": path, "HOME": str(tmp_path)},
        )  # fmt: skip

    return run


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _verbs(folder: Path) -> list[str]:
    return [" ".join(line.split()[2:4]) for line in _lines(folder / "calls") if "describe" not in line]


RUN = ["tpu-vm scp", "tpu-vm ssh", "tpu-vm ssh"]


def test_after_a_preemption_a_new_vm_goes_on_to_the_end(job: Job, tmp_path: Path) -> None:
    more = ("--spot", "my config.json", "--", "--stop-after", "3h 50m")
    done = job(["preempted", 75, 0], "--zone", "z", "--run-dir", "gs://bucket/run", "--poll", "0", *more)
    assert done.returncode == 0, done.stderr
    given = "job/my config.json --run-dir gs://bucket/run --set runtime.strategy=tpu --stop-after 3h 50m"
    assert _lines(tmp_path / "runs") == [f"preempted: {given}", f"75: {given}", f"0: {given}"]
    again = ["tpu-vm delete", "tpu-vm create", *RUN]
    assert _verbs(tmp_path) == ["tpu-vm create", *RUN, *again, *RUN, "tpu-vm delete"]
    for made in (line for line in _lines(tmp_path / "calls") if "create" in line):
        assert {"--accelerator-type=v5litepod-8", "--version=v2-alpha-tpuv5-lite", "--spot"} <= set(made.split())
    assert "epoch of 0" in done.stdout
    assert "done: gs://bucket/run" in done.stderr


def test_the_tensorflow_of_the_tpu_is_installed_last(job: Job, tmp_path: Path) -> None:
    assert job([0]).returncode == 0
    installs = [line for line in _lines(tmp_path / "installed") if "pip install" in line]
    assert installs[-2].endswith("install --quiet job/kerastune_ft-0.whl[tpu]")
    assert installs[-1].endswith("--force-reinstall --no-deps job/kerastune_ft-0.whl tensorflow-tpu==2.20.*")


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6])
def test_an_error_of_the_run_stops_with_its_code_and_keeps_the_vm(job: Job, tmp_path: Path, code: int) -> None:
    done = job([code, 0])
    assert done.returncode == code
    assert "tpu-vm delete" not in _verbs(tmp_path)
    assert len(_lines(tmp_path / "runs")) == 1
    assert f"ended with exit code {code}" in done.stderr
    assert "+ gcloud compute tpus tpu-vm delete kerastune-ft" in done.stderr


def test_a_run_that_is_under_way_is_followed_and_not_begun_twice(job: Job, tmp_path: Path) -> None:
    (tmp_path / "home" / "job").mkdir(parents=True)
    (tmp_path / "state" / "vm").write_text("READY\n")
    with subprocess.Popen([sys.executable, "-c", UNDER_WAY, "kerastune_ft"], cwd=tmp_path / "home/job") as under_way:
        (tmp_path / "home" / "job" / "pid").write_text(str(under_way.pid))
        # Or it would not be gone when it ends, as it is on a VM.
        reaper = threading.Thread(target=under_way.wait)
        reaper.start()
        try:
            done = job([])
        finally:
            under_way.kill()
            reaper.join()
    assert done.returncode == 0, done.stderr
    assert _lines(tmp_path / "runs") == []
    assert not any("pip install" in line for line in _lines(tmp_path / "installed"))


def test_a_queued_request_is_made_and_deleted_with_its_vm(job: Job, tmp_path: Path) -> None:
    words = ("--queued", "--type", "v6e-4", "--project", "p", "--keep", "my config.json")
    done = job([0], "--zone", "z", "--run-dir", "gs://bucket/run", "--poll", "0", *words)
    assert done.returncode == 0, done.stderr
    assert _verbs(tmp_path) == ["queued-resources create", *RUN]
    made = next(line for line in _lines(tmp_path / "calls") if "create" in line)
    assert {"--project=p", "--runtime-version=v2-alpha-tpuv6e", "--node-id=kerastune-ft"} <= set(made.split())


def test_a_vm_that_cannot_be_made_at_first_is_an_error(job: Job, tmp_path: Path) -> None:
    (tmp_path / "no_capacity").touch()
    done = job([0])
    assert done.returncode == 2
    assert "--queued waits for it" in done.stderr


def test_tries_have_an_end(job: Job, tmp_path: Path) -> None:
    words = ("--zone", "z", "--run-dir", "gs://b/r", "--poll", "0", "--tries", "2", "medical")
    done = job([75, 75, 0], *words)
    assert done.returncode == 75
    assert len(_lines(tmp_path / "runs")) == 2


def test_a_dry_run_prints_the_commands_and_calls_nothing(job: Job, tmp_path: Path) -> None:
    done = job([0], "--zone", "z", "--run-dir", "gs://bucket/run", "--dry-run", "medical")
    assert done.returncode == 0, done.stderr
    shown = [line for line in done.stderr.splitlines() if line.startswith("+ gcloud")]
    assert [line.split()[4:6] for line in shown] == [verb.split() for verb in ["tpu-vm create", *RUN, "tpu-vm delete"]]
    assert not (tmp_path / "calls").exists()
    assert not (tmp_path / "installed").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--zone", "z", "medical"), "--run-dir '': a directory in a bucket"),
        (("--zone", "z", "--run-dir", "runs/a", "medical"), "--run-dir 'runs/a': a directory in a bucket"),
        (("--run-dir", "gs://b/r", "medical"), "--zone is missing"),
        (("--zone", "z", "--run-dir", "gs://b/r"), "CONFIG is missing"),
        (("--zone", "z", "--run-dir", "gs://b/r", "no.json"), "no.json: there is no such file"),
        (("--zone", "z", "--run-dir", "gs://b/r", "a", "b"), "one CONFIG, not both a and b"),
        (("--zone", "z", "--run-dir", "gs://b/r", "--type", "v9-8", "a"), "--type 'v9-8': its --version is not known"),
        (("--spto",), "there is no option --spto"),
        (("--zone",), "--zone needs a value"),
    ],
)
def test_wrong_words_are_named(job: Job, words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = job([], *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (tmp_path / "calls").exists()


def test_help_is_on_standard_output(job: Job) -> None:
    done = job([], "-h")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: scripts/tpu_vm_job.sh")
