"""Several workers on 127.0.0.1 train as one process does, end together, and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from kerastune_ft.cli.commands import main
from kerastune_ft.training.devices.launch import free_ports
from tests.support.processes import (
    HANG,
    Outcome,
    environment,
    hold_at,
    run_commands,
    run_program,
    start_program,
    wait_until,
)
from tests.support.same_runs import assert_equal

WORKERS = ("launch", "--workers", "2", "small.json")


def children(process: int) -> list[int]:
    """Return the processes that a process started, in the order it did."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in text.split()]


def launch_and_hit(folder: Path, run: str, file: str, number: int, worker: int | None) -> Outcome:
    """Launch two workers; as soon as a file of the run is there, send a signal to one of them, or to the launcher.

    The worker that wrote the file gets no further before the signal is sent.
    """
    at = folder / run / file
    words = (*WORKERS, "--run-dir", run)
    with hold_at(at) as hold, start_program(folder, *words, variables=hold.variables) as process:
        wait_until(at.exists, process)
        os.kill(process.pid if worker is None else children(process.pid)[worker], number)
        hold.release()
        out, err = process.communicate(timeout=HANG)
        return Outcome(process.returncode, out, err)


def test_two_workers_equal_one_process(folder: Path, small_base: Path) -> None:
    done = run_program(folder, *WORKERS, "--run-dir", "workers")
    assert done.code == 0, done.err
    assert json.loads((folder / "workers" / "manifest.json").read_text())["devices"]["workers"] == 2
    assert done.out.count("test_accuracy") == 1
    assert_equal(small_base, folder / "workers")


# That a killed run goes on is in test_resume.py; what a launcher says of a worker that ends, in
# tests/training/devices/test_launch.py.
@pytest.mark.slow
def test_a_killed_worker_ends_the_job_and_the_same_command_goes_on(folder: Path, small_base: Path) -> None:
    hit = launch_and_hit(folder, "pair", "phases/01-top/checkpoint/000000002.safetensors", signal.SIGKILL, worker=1)
    assert hit.code == 75, hit.err
    assert "worker 1 was ended by SIGKILL; the same command goes on" in hit.err
    assert "Traceback" not in hit.err
    manifest = json.loads((folder / "pair" / "manifest.json").read_text())
    assert manifest["devices"]["workers"] == 2
    last = run_program(folder, *WORKERS, "--run-dir", "pair")
    assert last.code == 0, last.err
    assert "going on after step 2" in last.err
    assert "test_accuracy" in last.out
    assert_equal(small_base, folder / "pair")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("worker", "number"), [(0, signal.SIGUSR1), (1, signal.SIGTERM), (None, signal.SIGHUP)], ids=["0", "1", "launcher"]
)
def test_a_request_to_one_stops_all_after_the_same_step(
    folder: Path, small_base: Path, worker: int | None, number: signal.Signals
) -> None:
    run, file = f"asked-{worker}", "phases/00-head/checkpoint/000000002.safetensors"
    hit = launch_and_hit(folder, run, file, number, worker)
    assert hit.code == 75, hit.err
    assert "Traceback" not in hit.err
    manifest = json.loads((folder / run / "manifest.json").read_text())
    assert (manifest["state"], manifest["exit_code"]) == ("interrupted", 75)
    last = run_program(folder, *WORKERS, "--run-dir", run)
    assert last.code == 0, last.err
    assert_equal(small_base, folder / run)


@pytest.mark.slow
def test_the_workers_of_a_killed_launcher_end_too(folder: Path) -> None:
    with start_program(folder, *WORKERS, "--run-dir", "orphaned") as process:
        wait_until(lambda: len(children(process.pid)) == 2, process)
        workers = children(process.pid)
        process.kill()
        process.wait()
        wait_until(lambda: not any(map(alive, workers)))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_a_step_makes_one_reduction_of_the_gradient(folder: Path, tmp_path: Path) -> None:
    ports = free_ports(2)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.collective_steps", "small.json", str(tmp_path / "counted")],
            env=environment(folder)
            | {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": number}})},
            cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for number in range(2)
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=HANG) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], said
    told = [json.loads(out.splitlines()[-1]) for out, _ in said]
    assert [one["is_chief"] for one in told] == [True, False]
    # Kernel and bias of the head as one vector; count, loss, accuracy and the request to stop as another.
    weights = load_file(tmp_path / "counted" / "phases" / "00-head" / "best.safetensors")
    parameters = sum(value.size for value in weights.values())
    assert told[0]["collectives"] == [["float32", parameters], ["float64", 4]]


def test_what_is_wrong_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, place in {
        ("--set", "phases.head.learning_rate=fast"): "learning_rate",
        ("--set", "runtime.replicas=2"): "runtime.replicas",
        ("--set", "runtime.strategy=mirrored"): "runtime.strategy",
        ("--until-phase", "nope"): "--until-phase",
        ("--stop-after", "3x"): "3x",
    }.items():
        with pytest.raises(SystemExit) as ended:
            main([*WORKERS[:3], str(folder / "small.json"), *words])
        assert ended.value.code == 2
        assert place in capsys.readouterr().err


# That either signal is such a request tests/training/test_interrupts.py shows.
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_waits_for_the_others_can_be_stopped(folder: Path, number: int) -> None:
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    waiting = {"cluster": cluster, "task": {"type": "worker", "index": 0}}
    process = subprocess.Popen(
        [sys.executable, "-m", "kerastune_ft", "run", "small.json", "--set", "runtime.strategy=multi_worker"],
        env=environment(folder) | {"TF_CONFIG": json.dumps(waiting)}, cwd=folder, text=True, stderr=subprocess.PIPE,
        # A shell that starts tests in the background makes their processes deaf to it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = ""
        while "waiting for 127.0.0.1" not in said:
            said = process.stderr.readline()
            assert said, "it ended by itself"
        process.send_signal(number)
        _, err = process.communicate(timeout=HANG)
    finally:
        process.kill()
    assert process.returncode == 75
    assert "interrupted; give the same command again: a run goes on where it stopped" in err
    assert "Traceback" not in err


def test_without_others_it_says_why(folder: Path) -> None:
    (done,) = run_commands(folder, [("run", "small.json", "--set", "runtime.strategy=multi_worker")])
    assert done.code == 2
    assert "TF_CONFIG, which is not set" in done.err


@pytest.mark.slow
def test_the_chief_chooses_the_phases_of_all(folder: Path) -> None:
    words = ("--set", 'phases={"preset": "auto", "time": "10m"}')
    one = run_program(folder, "run", "small.json", "--run-dir", "chosen-by-one", *words)
    pair = run_program(folder, *WORKERS, "--run-dir", "chosen-by-chief", *words)
    assert (one.code, pair.code) == (0, 0), pair.err
    assert pair.err.count("trial of") == one.err.count("trial of") > 0
    plans = [json.loads((folder / run / "plan.json").read_text()) for run in ("chosen-by-one", "chosen-by-chief")]
    assert plans[0]["auto"]["measured"] == plans[1]["auto"]["measured"]
    assert_equal(folder / "chosen-by-one", folder / "chosen-by-chief", of_weights=1e-4)
