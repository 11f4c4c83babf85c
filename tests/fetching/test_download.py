from __future__ import annotations

import hashlib
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError, DataError, Interrupted, KerasTuneError, ResourceError
from kerastune_ft.fetching import download as downloads
from kerastune_ft.fetching.download import download
from tests.support.file_server import FileServer
from tests.support.places import import_environment


def sha(server: FileServer) -> str:
    return hashlib.sha256(server.content).hexdigest()


def fetch(server: FileServer, target: Path, digest: str | None = None, said: list[str] | None = None) -> Path:
    digest = sha(server) if digest is None else digest
    report = (lambda line: None) if said is None else said.append
    return download(f"{server.address}a.h5", target, digest, report, pause=lambda seconds: None)


def left(folder: Path) -> list[str]:
    """What lies in a folder besides locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_a_file_is_brought_and_not_brought_again(file_server: FileServer, tmp_path: Path, algorithm: str) -> None:
    target, digest = tmp_path / "deep/a.h5", hashlib.new(algorithm, file_server.content).hexdigest()
    for _ in range(2):
        assert fetch(file_server, target, digest).read_bytes() == file_server.content
    assert len(file_server.requests) == 1 and left(target.parent) == ["a.h5"]


def test_a_broken_transfer_is_gone_on_with(file_server: FileServer, tmp_path: Path) -> None:
    file_server.plan = ["truncated", 500, "truncated"]
    said: list[str] = []
    assert fetch(file_server, tmp_path / "a.h5", said=said).read_bytes() == file_server.content
    half, rest = len(file_server.content) // 2, len(file_server.content) // 4
    ranges = [request.get("range") for request in file_server.requests]
    assert ranges == [None, f"bytes={half}-", f"bytes={half}-", f"bytes={half + rest}-"]
    assert "51,200 of 102,400 bytes came; trying again" in said[0] and "500" in said[1]
    assert left(tmp_path) == ["a.h5"]


def test_another_process_goes_on_where_one_broke_off(file_server: FileServer, tmp_path: Path) -> None:
    file_server.plan = ["truncated"] + [503] * 4
    with pytest.raises(Interrupted, match="51,200 bytes are kept; the same command goes on") as raised:
        fetch(file_server, tmp_path / "a.h5")
    assert raised.value.exit_code == 75 and not (tmp_path / "a.h5").exists()
    assert fetch(file_server, tmp_path / "a.h5").read_bytes() == file_server.content
    assert file_server.requests[-1]["range"] == "bytes=51200-"


@pytest.mark.parametrize("change", ["version", "whole", "weak", "none"])
def test_a_part_of_another_version_is_not_gone_on_with(file_server: FileServer, tmp_path: Path, change: str) -> None:
    file_server.version = {"weak": 'W/"1"', "none": ""}.get(change, '"v1"')
    file_server.plan = ["truncated"] + [503] * 4 + (["whole"] if change == "whole" else [])
    with pytest.raises(Interrupted):
        fetch(file_server, tmp_path / "a.h5", "")
    if change == "version":
        file_server.version, file_server.content = '"v2"', b"another" * 20_000
    assert fetch(file_server, tmp_path / "a.h5", "").read_bytes() == file_server.content


def test_a_range_that_the_server_does_not_know_begins_anew(file_server: FileServer, tmp_path: Path) -> None:
    file_server.plan = ["truncated", 416]
    assert fetch(file_server, tmp_path / "a.h5").read_bytes() == file_server.content
    assert "range" not in file_server.requests[-1]


def test_a_wrong_digest_leaves_nothing(file_server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"its sha256 is {sha(file_server)}, and {'0' * 64} is expected"):
        fetch(file_server, tmp_path / "a.h5", "0" * 64)
    assert left(tmp_path) == []


def test_a_damaged_file_is_replaced(file_server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"half")
    said: list[str] = []
    assert fetch(file_server, tmp_path / "a.h5", said=said).read_bytes() == file_server.content
    assert "not what it should be" in said[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [(404, "there is no such file"), (403, "access is denied"), (407, "proxy asks"), (410, "any more")],
)
def test_what_the_server_refuses_is_not_asked_again(
    file_server: FileServer, tmp_path: Path, code: int, words: str
) -> None:
    file_server.plan = [code]
    with pytest.raises(ConfigError, match=words):
        fetch(file_server, tmp_path / "a.h5")
    assert len(file_server.requests) == 1 and left(tmp_path) == []


def test_what_may_go_well_later_is_tried_five_times(file_server: FileServer, tmp_path: Path) -> None:
    file_server.plan = [500] * 5
    waits: list[float] = []
    with pytest.raises(Interrupted, match="broke off 5 times"):
        download(f"{file_server.address}a", tmp_path / "a", pause=waits.append)
    assert waits == [1, 2, 4, 8]


def test_no_network_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ConfigError, match=r"cannot be reached \(Temporary failure .* https_proxy"):
        download("http://weights.invalid/a.h5", tmp_path / "a.h5")
    assert left(tmp_path) == []


def test_a_server_that_refuses_connections_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Interrupted, match="refused"):
            download(f"http://127.0.0.1:{closed.getsockname()[1]}/a", tmp_path / "a", pause=lambda seconds: None)


def test_a_full_disk_leaves_no_file(file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Any, answer: Any, begun: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads._Transfer, "_write", fail)
    with pytest.raises(ResourceError, match="no space left"):
        fetch(file_server, tmp_path / "a.h5")
    assert left(tmp_path) == []


def test_the_proxy_of_the_environment_is_asked(
    file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", file_server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    download("http://weights.invalid/b.h5", tmp_path / "b.h5", sha(file_server))
    assert file_server.requests[0]["path"] == "http://weights.invalid/b.h5"


def test_of_two_processes_one_downloads(file_server: FileServer, tmp_path: Path) -> None:
    script = "import sys\nfrom pathlib import Path\nfrom kerastune_ft.fetching.download import download\n"
    script += "download(sys.argv[1], Path(sys.argv[2]), sys.argv[3])"
    words = [sys.executable, "-c", script, f"{file_server.address}a", str(tmp_path / "a"), sha(file_server)]
    started = [subprocess.Popen(words, env=import_environment()) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert len(file_server.requests) == 1 and (tmp_path / "a").read_bytes() == file_server.content


@pytest.mark.parametrize("url", ["no address", "ftp//x", "file-x"])
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(KerasTuneError, match=r"cannot be|no address"):
        download(url, tmp_path / "a", pause=lambda seconds: None)


def test_a_folder_that_cannot_be_written_is_named(file_server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        fetch(file_server, tmp_path / "file/a.h5")
    assert os.listdir(tmp_path) == ["file"]


def test_another_range_than_was_asked_for_is_not_appended(file_server: FileServer, tmp_path: Path) -> None:
    file_server.plan = ["truncated", "elsewhere"]
    said: list[str] = []
    assert fetch(file_server, tmp_path / "a.h5", "", said).read_bytes() == file_server.content
    assert "the server sends 'bytes 7-" in said[1]
    assert "range" not in file_server.requests[-1]


def test_an_encrypted_connection_that_breaks_is_tried_again(
    file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = downloads._Transfer._write, [ssl.SSLEOFError(8, "EOF occurred in violation of protocol")]

    def fail_once(self: Any, answer: Any, begun: int) -> None:
        if failures:
            raise failures.pop()
        write(self, answer, begun)

    monkeypatch.setattr(downloads._Transfer, "_write", fail_once)
    said: list[str] = []
    assert fetch(file_server, tmp_path / "a.h5", said=said).read_bytes() == file_server.content
    assert "EOF occurred" in said[0]
