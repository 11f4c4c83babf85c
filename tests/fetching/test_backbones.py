from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

import keras
import pytest

from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.config.options.backbones import Applications, KerasHub
from kerastune_ft.errors import ConfigError
from kerastune_ft.fetching import backbones
from kerastune_ft.fetching.backbones import fetch_backbone, find_handle
from kerastune_ft.fetching.keras_files import replace_get_file
from tests.support.file_server import FileServer
from tests.support.places import import_environment


def test_what_needs_no_network_is_left_out(tmp_path: Path) -> None:
    for options in (
        Applications(name="MobileNetV2", weights="embedded"),
        Applications(name="MobileNetV2", weights=None),
        KerasHub.model_validate({"class": "BertBackbone"}),
        KerasHub(preset=str(tmp_path)),
    ):
        assert list(fetch_backbone(options, print)) == []


@pytest.fixture
def weights(file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Applications:
    """The smallest MobileNet, whose weights are served here; Keras' address and digest are replaced."""
    options = Applications(name="MobileNet", image_size=(32, 32), options={"alpha": 0.25})
    model = keras.applications.MobileNet(include_top=False, weights=None, alpha=0.25, input_shape=(32, 32, 3))
    # Keras' own files are of its older form.
    made = tmp_path / "made.weights.h5"
    model.save_weights(made)
    file_server.content = made.read_bytes()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def serve_here(fetch):  # type: ignore[no-untyped-def]
        digest = hashlib.sha256(file_server.content).hexdigest()
        return replace_get_file(
            lambda name, url, known: fetch(
                "mobilenet_2_5_224_tf_no_top.weights.h5", f"{file_server.address}{name}", digest
            )
        )

    monkeypatch.setattr("kerastune_ft.fetching.backbones.replace_get_file", serve_here)
    return options


def test_weights_come_to_the_place_where_keras_looks(
    weights: Applications, file_server: FileServer, tmp_path: Path
) -> None:
    file_server.plan = ["truncated"]
    said: list[str] = []
    (fetched,) = fetch_backbone(weights, said.append)
    assert fetched.path.parent == imagenet.cache_directory() == tmp_path / "keras/models"
    assert fetched.path.read_bytes() == file_server.content and fetched.source.startswith(file_server.address)
    assert said[0].startswith("weights: http")
    list(fetch_backbone(weights, said.append))
    assert len(file_server.requests) == 2


def test_names_become_handles() -> None:
    known = {"bert_tiny": {"kaggle_handle": "kaggle://keras/bert/keras/bert_tiny/3"}}
    assert find_handle("bert_tiny", known) == "kaggle://keras/bert/keras/bert_tiny/3"
    assert find_handle("hf://org/name", known) == "hf://org/name"
    for wrong in ("bert_tinny", "gs://x/y"):
        with pytest.raises(ConfigError, match="no preset"):
            find_handle(wrong, known)


@pytest.mark.parametrize(
    ("said", "words"),
    [("ConnectError: Name or service not known", "cannot be reached"), ("404 no such model", "check the name")],
)
def test_a_hub_that_fails_says_whether_the_network_or_the_name_is_wrong(
    said: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rest: str) -> str:
        raise OSError(said)

    monkeypatch.setattr(backbones, "_CLIENTS", {"hf": fail})
    with pytest.raises(ConfigError, match=words):
        list(fetch_backbone(KerasHub(preset="hf://org/name"), lambda line: None))


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as Hugging Face does, as far as its client asks for a snapshot."""

    commit = "a" * 40
    files: ClassVar[dict[str, bytes]] = {
        "config.json": b'{"class_name": "BertBackbone"}',
        "model.weights.h5": b"w" * 99,
    }

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, has_body: bool) -> None:
        extra: dict[str, str] = {}
        if "/tree/" in self.path:
            entries = [
                {"type": "file", "path": name, "size": len(made), "oid": "b"} for name, made in self.files.items()
            ]
            content = json.dumps(entries).encode()
        elif "/api/models/" in self.path:
            names = [{"rfilename": name} for name in self.files]
            content = json.dumps({"sha": self.commit, "siblings": names, "id": "org/name"}).encode()
        else:
            content = self.files.get(self.path.rsplit("/", 1)[-1], b"")
            extra = {"X-Repo-Commit": self.commit, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        self.send_response(200 if content else 404)
        for name, value in {"Content-Length": str(len(content)), **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_preset_comes_by_the_client_of_its_hub(tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    # In a process of its own: the client reads where the hub is when it is imported.
    script = (
        "from kerastune_ft.fetching import backbones\n"
        "print(backbones._CLIENTS['hf']('org/name'))\n"
        "from kerastune_ft.backbones.hub import presets\n"
        "print(presets.locate('hf://org/name', {}))\n"
    )
    variables = import_environment(
        HF_ENDPOINT=f"http://127.0.0.1:{server.server_port}", HF_HUB_CACHE=str(tmp_path), HF_HUB_DISABLE_XET="1"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=variables)
    server.shutdown()
    server.server_close()
    assert done.returncode == 0, done.stderr
    brought, found = done.stdout.split()
    assert brought == found and sorted(os.listdir(found)) == sorted(Hub.files)
