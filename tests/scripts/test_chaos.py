"""Promise 3 as scripts/chaos.py shows it: struck anywhere, a run ends as if it had not been interrupted."""

from __future__ import annotations

import importlib
import json
import random
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.places import SCRIPTS, import_environment


def chaos(folder: Path, *words: str) -> dict:
    command = [sys.executable, str(SCRIPTS / "chaos.py"), "--directory", str(folder), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["faults"]) == (0, []), done.stderr[-3000:]
    return outcome


@pytest.mark.slow
def test_struck_in_every_stage_a_run_ends_bit_identical(tmp_path: Path) -> None:
    outcome = chaos(tmp_path, "--kills", "28", "--full-disks", "2", "--seed", "1")
    assert outcome["kills"] >= 28
    assert len({entry["stage"] for entry in outcome["strikes"]}) == 7


@pytest.mark.slow
def test_struck_on_two_replicas(tmp_path: Path) -> None:
    assert chaos(tmp_path, "--kills", "7", "--full-disks", "0", "--strategy", "mirrored")["kills"] == 7


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["none", "mirrored"])
def test_struck_in_every_stage_on_texts_and_adapters(tmp_path: Path, strategy: str) -> None:
    kills = 14 if strategy == "none" else 7
    outcome = chaos(tmp_path, "--sample", "texts", "--kills", str(kills), "--full-disks", "1", "--strategy", strategy)
    assert outcome["kills"] >= kills
    assert len({entry["stage"] for entry in outcome["strikes"]}) == 7


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["boxes", "inputs", "talk", "summaries", "speech"])
def test_struck_in_every_stage_on_other_examples(tmp_path: Path, kind: str) -> None:
    outcome = chaos(tmp_path, "--sample", kind, "--kills", "7", "--full-disks", "1")
    assert outcome["kills"] == 7
    assert len({entry["stage"] for entry in outcome["strikes"]}) == 7
    phases = json.loads((tmp_path / "reference" / "plan.json").read_text())["phases"]
    assert phases[0]["store"]["decision"] == "store"


@pytest.mark.slow
def test_killed_while_the_features_of_adapters_are_stored(tmp_path: Path) -> None:
    from chaos import Chaos
    from faults import sample
    from faults.moments import Strike

    struck = Chaos(tmp_path, sample.write(tmp_path, "none", sample="texts"), seed=7)
    struck.reference()
    # The last of the features are those of the phase of adapters, whose cut is another than the head's.
    late = int(0.75 * struck.events["extraction"])
    struck.strike_all([Strike("extraction", signal.SIGKILL, "counter", late)])
    assert (struck.outcome.kills, struck.outcome.faults) == (1, [])
    log = (tmp_path / "struck-1/log.txt").read_text()
    gone_on = log.index("struck-1 (continues where it stopped)")
    assert log.index("phase head done") < gone_on < log.index("phase adapters: trains")


@pytest.mark.slow
def test_a_kill_on_texts_and_adapters_ends_bit_identical(tmp_path: Path) -> None:
    assert chaos(tmp_path, "--sample", "texts", "--kills", "1", "--full-disks", "0", "--brief")["kills"] == 1
    adapters = json.loads((tmp_path / "reference" / "plan.json").read_text())["phases"][-1]
    assert adapters["lora"]["parameters"] > 0
    assert adapters["store"]["decision"] == "store"


# That a run on images goes on from kills is in tests/runs/test_resume.py too.
@pytest.mark.slow
def test_a_few_kills_end_bit_identical(tmp_path: Path) -> None:
    assert chaos(tmp_path, "--kills", "2", "--full-disks", "0", "--brief")["kills"] == 2


def test_what_is_damaged_is_damaged(tmp_path: Path) -> None:
    from faults import damage

    for seed in range(30):
        path = tmp_path / "phases/00-head/checkpoint/000000002.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (16).to_bytes(8, "little") + b'{"a": 1}        ' + bytes(50)
        path.write_bytes(content)
        assert damage.newest_checkpoint(tmp_path) == path
        assert damage.damage(path, random.Random(seed)) in damage.KINDS
        assert path.read_bytes() != content
    (tmp_path / "phases/00-head/result.json").write_text("{}")
    assert damage.newest_checkpoint(tmp_path) is None, "a finished phase needs no checkpoint"


def test_only_committed_shards_are_damaged(tmp_path: Path) -> None:
    from faults import damage

    shards = tmp_path / "features/0123/shards"
    shards.mkdir(parents=True)
    (shards / "begun.rows").write_bytes(bytes(40))
    assert damage.a_shard(tmp_path, random.Random(0)) is None
    kinds, paths = set(), set()
    for seed in range(30):
        for name in ("done.rows", "done.index"):
            (shards / name).write_bytes(bytes(40))
        path = damage.a_shard(tmp_path, random.Random(seed))
        assert path is not None
        kinds.add(damage.damage_shard(path, random.Random(seed)))
        paths.add(path.name)
        assert path.read_bytes() != bytes(40)
    assert kinds == set(damage.SHARD_KINDS)
    assert paths == {"done.rows", "done.index"}


def test_results_are_compared_without_their_seconds(tmp_path: Path) -> None:
    from faults import sameness

    for name, seconds, loss in (("a", "1.5", "0.25"), ("b", "2.5", "0.25"), ("c", "1.5", "0.26")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "history.csv").write_text(f"epoch,seconds,loss\n1,{seconds},{loss}\n")
        (tmp_path / name / "metrics.json").write_text('{"test": 1}')
    expected = sameness.results(tmp_path / "a")
    assert sameness.differences(expected, tmp_path / "b") == []
    assert sameness.differences(expected, tmp_path / "c") == ["history.csv"]
    (tmp_path / "b/metrics.json").unlink()
    assert sameness.differences(expected, tmp_path / "b") == ["metrics.json"]


def test_what_layers_share_is_compared_without_its_address(tmp_path: Path) -> None:
    import h5py
    from faults import sameness

    def model(name: str, *shared: int) -> Path:
        (tmp_path / name / "model").mkdir(parents=True)
        h5py.File(tmp_path / "weights.h5", "w").close()
        with zipfile.ZipFile(tmp_path / name / "model/model.keras", "w") as archive:
            archive.writestr("config.json", json.dumps([{"shared_object_id": number} for number in shared]))
            archive.write(tmp_path / "weights.h5", "model.weights.h5")
        return tmp_path / name

    expected = sameness.results(model("reference", 7001, 7002, 7001))
    assert sameness.differences(expected, model("elsewhere", 9002, 9001, 9002)) == []
    assert sameness.differences(expected, model("other", 9001, 9002, 9002)) == ["model/model.keras:config.json"]


@pytest.mark.parametrize("by", ["counter", "clock"])
def test_a_strike_comes_in_its_stage(tmp_path: Path, by: str) -> None:
    script = f"""
import sys, time
from pathlib import Path
from faults.moments import Strike, Striker
at = {2 if by == "counter" else 0.02}
striker = Striker(Strike("evaluation", {int(signal.SIGKILL)}, {by!r}, at), Path("record"))
striker.start_clock()
step = striker.beginning(lambda: time.sleep(0.05), "training")
look = striker.beginning(lambda: time.sleep({0.05 if by == "counter" else 600}), "evaluation")
for function in (step, step, look, look):
    function()
print("not struck")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, cwd=tmp_path, check=False, env=import_environment(SCRIPTS),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, ""), done.stderr
    told = json.loads((tmp_path / "record").read_text())
    assert told["stage"] == "evaluation"
    assert told["events"]["training"] == 4


def test_strikes_are_shared_out_over_stages_signals_and_ways() -> None:
    from chaos import Chaos
    from faults.moments import STAGES

    drawing = Chaos(Path(), Path(), seed=3)
    drawing.events, drawing.seconds = dict.fromkeys(STAGES, 10), dict.fromkeys(STAGES, 2.0)
    strikes = drawing.draw_strikes(56)
    ways = {(strike.stage, strike.signal, strike.by) for strike in strikes}
    assert len(ways) == 28
    assert all(1 <= strike.at <= 10 for strike in strikes if strike.by == "counter")
    assert all(0 <= strike.at <= 1.6 for strike in strikes if strike.by == "clock")
    again = Chaos(Path(), Path(), seed=3)
    again.events, again.seconds = drawing.events, drawing.seconds
    assert again.draw_strikes(56) == strikes


def test_every_function_that_is_followed_is_there() -> None:
    from faults import moments

    for module, name, *_ in (*moments._LASTING, *moments._BEGINNING, *moments._EVENTS):
        owner = importlib.import_module(module)
        for part in name.split("."):
            assert hasattr(owner, part), f"{module}.{name}"
            owner = getattr(owner, part)
