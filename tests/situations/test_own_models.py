"""Own models whose layers are used several times, through the program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.support.odd_graphs import write_own_model
from tests.support.processes import Outcome, run_commands


def _run(folder: Path, *commands: list[str]) -> list[Outcome]:
    found = run_commands(folder, list(commands))
    for outcome in found:
        assert outcome.code == 0, outcome.text
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one around another", "two by turns"])
def test_a_run_cuts_where_layers_are_used_again(tmp_path: Path, name: str) -> None:
    config, by_turns = write_own_model(tmp_path, name), name == "two by turns"
    off = ["--set", "runtime.cache=off"]
    config["phases"] += [{"name": "adapt", "unfreeze": {"last": 2}, "lora": {"rank": 2}}] if by_turns else []
    (tmp_path / "config.json").write_text(json.dumps(config))
    units, plan, _, _, checked = _run(
        tmp_path,
        ["units", "config.json", "--json"],
        ["plan", "config.json", "--json"],
        ["run", "config.json", "--run-dir", "stored", "--set", "runtime.cache=required"],
        ["run", "config.json", "--run-dir", "computed", *off],
        ["verify", "stored"],
    )
    assert "holds" in checked.out
    assert [row["layers"] for row in units.json][1] == (["p", "q"] if by_turns else ["p"])
    cuts = [[cut["name"] for cut in phase["cut"]] for phase in plan.json["phases"]]
    assert cuts[0] != cuts[1]
    for phase in sorted(path.name for path in (tmp_path / "stored/phases").iterdir()):
        files = [tmp_path / run / "phases" / phase / "best.safetensors" for run in ("stored", "computed")]
        stored, computed = map(load_file, files)
        assert stored.keys() == computed.keys()
        for path, value in stored.items():
            assert np.array_equal(computed[path], value), (phase, path)


def test_what_is_used_by_turns_is_said_with_what_can_be_unfrozen(tmp_path: Path) -> None:
    config = write_own_model(tmp_path, "two by turns")
    config["phases"] = [{"name": "all", "unfreeze": {"last": 4}}]
    (tmp_path / "config.json").write_text(json.dumps(config))
    config["phases"] = [{"name": "q", "unfreeze": {"match": ["part2"]}}]
    (tmp_path / "other.json").write_text(json.dumps(config))
    refused, planned = run_commands(tmp_path, [["plan", "config.json"], ["plan", "other.json"]])
    assert refused.code == 2
    assert 'asks for more than the 3 units there are; write "all"' in refused.err
    assert planned.code == 0
    assert "p, q are used by turns, so that part2 cannot be parted" in " ".join(planned.text.split())
