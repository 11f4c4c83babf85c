from __future__ import annotations

import json
import os

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices import devices
from kerastune_ft.training.devices.devices import cluster


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}, (("a:1", "b:1"), 1)),
        (
            {"cluster": {"chief": ["c:1"], "worker": ["a:1"]}, "task": {"type": "worker", "index": 0}},
            (("c:1", "a:1"), 1),
        ),
        (
            {"cluster": {"chief": ["c:1"], "worker": ["a:1"]}, "task": {"type": "chief", "index": 0}},
            (("c:1", "a:1"), 0),
        ),
    ],
)
def test_the_cluster_is_read(monkeypatch: pytest.MonkeyPatch, document: dict, expected: tuple) -> None:
    monkeypatch.setenv("TF_CONFIG", json.dumps(document))
    assert cluster() == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        '{"cluster": {"worker": []}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": -1}}',
        '{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:port"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": [1, 2]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_without_a_cluster_it_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ConfigError, match=r"TF_CONFIG.*launch --workers 2 CONFIG"):
        cluster()


@pytest.mark.parametrize(
    ("shown", "said"), [(None, "its libraries were not found"), ("7", "'7', names none"), ("", "''")]
)
def test_why_a_gpu_is_not_used(monkeypatch: pytest.MonkeyPatch, shown: str | None, said: str) -> None:
    monkeypatch.setattr(devices.os.path, "exists", lambda path: path == "/dev/nvidia0")
    monkeypatch.setattr(devices.tf.test, "is_built_with_cuda", lambda: True)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert said in devices._why_no_gpu()


def test_a_cluster_is_hidden_from_strategies_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", "nonsense")
    with devices._without_cluster():
        assert "TF_CONFIG" not in os.environ
    assert os.environ["TF_CONFIG"] == "nonsense"
