"""A model for the tests of the server that computes nothing heavy, and clients of it without and with a network."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import numpy as np
from PIL import Image

from kerastune_ft.serving import server
from kerastune_ft.serving.app import make_app
from kerastune_ft.serving.guard import Guard, HostRule
from kerastune_ft.serving.inputs import make_form
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.service import Service
from kerastune_ft.serving.several.form import SeveralForm
from tests.support.processes import HANG

CLASSES = ("dark", "bright")
SEVERAL = SeveralForm(("image",), 1, ("age", "dose"), {"ward": ("A", "O'B"), "arm": ("l",)})


def name_brightness(value: float) -> dict[str, Any]:
    return {"label": CLASSES[value > 0.5], "probabilities": dict(zip(CLASSES, (1 - value, value), strict=True))}


def name_labels(value: float) -> dict[str, Any]:
    return {**name_brightness(value), "labels": [name for name in CLASSES if value > 0.5]}


def name_value(value: float) -> dict[str, Any]:
    return {"value": 10 * value}


def name_mask(value: float) -> dict[str, Any]:
    return {"mask": np.array([[0, 1, 1], [0, 0, value > 0.5]], np.uint8)}


def name_boxes(value: float) -> dict[str, Any]:
    box = {"label": "bright", "score": value, "box": [0.0, 0.0, 2.5, 1.0]}
    return {"boxes": [box, {**box, "box": [1.0, 1.0, 3.0, 2.0]}] if value > 0.5 else []}


class StandIn:
    """Says how bright a picture is, how many of 16 characters a text has, or how long a sound is."""

    platform = "stand-in"
    classes = CLASSES

    def __init__(
        self,
        modality: str = "image",
        parts: int = 1,
        say: Callable[[float], dict[str, Any]] = name_brightness,
        form: Any = None,
    ) -> None:
        self.name, self.form, self._say = "cells", form or make_form(modality, parts), say
        self.batches: list[int] = []
        self.is_broken = False
        self.gate = threading.Event()
        self.gate.set()

    def read(self, given: Any) -> float:
        if isinstance(given, dict):
            # Of several inputs the picture, moved by the first number.
            return min(self.read(given["image"]) + (given["numbers"][0] or 0.0), 1.0)
        if isinstance(given, tuple):
            if not all(given):
                raise ValueError("is empty")
            return min(sum(map(len, given)) / 16, 1.0)
        if given[:4] == b"RIFF":
            return min(len(given) / 100_000, 1.0)
        try:
            return float(np.asarray(Image.open(io.BytesIO(given)).convert("L")).mean() / 255)
        except OSError as problem:
            raise ValueError("is damaged") from problem

    def answer(self, examples: Sequence[float]) -> list[dict[str, Any]]:
        self.gate.wait(HANG)
        self.batches.append(len(examples))
        if self.is_broken:
            raise RuntimeError("no weights")
        return [self._say(value) for value in examples]

    def warm(self, example: float, shapes: Sequence[int]) -> None:
        for shape in shapes:
            self.answer([example] * shape)


def picture(value: int, form: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, value).save(file, form)
    return file.getvalue()


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


@contextlib.contextmanager
def start(model: Any = None, limits: Limits | None = None) -> Iterator[Service]:
    """Give a service that answers, and end it."""
    service = Service(model or StandIn(), limits or Limits())
    service.start()
    try:
        yield service
    finally:
        service.stop()


class Client:
    """Asks an application without a network."""

    def __init__(self, service: Service, token: str | None = None, names: Sequence[str] = (), local: bool = True):
        self.app = make_app(service, HostRule(names, local), token)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.ask_all([(method, path, options)])[0]

    def ask_all(self, asked: Sequence[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """Ask at once."""

        async def ask_together() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8501", timeout=None) as client:
                return list(await asyncio.gather(*[client.request(m, p, **o) for m, p, o in asked]))

        return asyncio.run(ask_together())

    def predict(self, *instances: Any, key: str = "instances", verb: str = "predict") -> httpx.Response:
        return self.ask("POST", f"/v1/models/cells:{verb}", json={key: list(instances)})


@contextlib.contextmanager
def listen(
    service: Any, limits: Limits, token: str | None = None, make: Callable[..., Guard] = make_app, grace: float = 5.0
) -> Iterator[int]:
    """Give the port of a server in a thread."""
    bound = server.bind("127.0.0.1", 0)
    begun, port = threading.Event(), bound.getsockname()[1]
    app = make(service, HostRule((), True), token)
    ended = threading.Event()
    words = (app, bound, limits, grace, begun.set, ended)
    thread = threading.Thread(target=server.run, args=words, daemon=True)
    thread.start()
    assert begun.wait(HANG)
    try:
        yield port
    finally:
        ended.set()
        thread.join(HANG)
        bound.close()


def send(port: int, content: bytes, end: bool = False) -> tuple[int, Any]:
    """Send bytes to a server, and return the status and the JSON that it answers; 0 where it closes without a word."""
    with socket.create_connection(("127.0.0.1", port), HANG) as client:
        client.sendall(content)
        if end:
            client.shutdown(socket.SHUT_WR)
        return receive(client)


def receive(client: socket.socket) -> tuple[int, Any]:
    """Return status and JSON of the next answer of a connection."""
    answer = http_response(client)
    return (0, None) if answer is None else (answer[0], json.loads(answer[1] or b"null"))


def http_response(client: socket.socket) -> tuple[int, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            part = client.recv(65536)
        except ConnectionError:
            return None
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(lines.get(b"content-length", b"0"))
    while len(body) < length and (part := client.recv(65536)):
        body += part
    return int(head.split()[1]), body


def pack(*elements: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(each)) + each for each in elements)


def tensor(name: str = "image_bytes", count: int = 2, size: int | None = None, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"name": name, "datatype": "BYTES", "shape": [count]}
    return given | ({} if size is None else {"parameters": {"binary_data_size": size}}) | more
