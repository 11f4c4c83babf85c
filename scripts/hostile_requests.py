"""Sends thousands of hostile requests to a server of a run or an export, and says what became of it.

    python scripts/hostile_requests.py runs/photos-1 --requests 5000

Every kind of request has the statuses that are right for it. Between them come requests in good faith, which must be
answered. Ends with 1 where a status is wrong, one of those is not answered, the server's memory grows by more than
--most-growth megabytes, or it does not end with 0 afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import random
import signal
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PIL import Image

SECONDS, AT_ONCE = 2, 24
# Seconds after which a request is held to be forgotten, and the status that it is counted under.
PATIENCE, NO_ANSWER = 300, -1
Request = tuple[bytes, set[int]]
"""The bytes of a request, and the statuses that are right; 0 stands for a connection that is closed without one."""


def head(path: str, length: int | None, *lines: str, host: str = "localhost", method: str = "POST") -> bytes:
    """Return the head of a request."""
    given = [f"{method} {path} HTTP/1.1", f"Host: {host}", *lines]
    given += [] if length is None else [f"Content-Length: {length}"]
    return ("\r\n".join(given) + "\r\n\r\n").encode("latin-1")


def post(path: str, body: bytes, *lines: str, **options: str) -> bytes:
    """Return a request with a body."""
    return head(path, len(body), *lines, **options) + body


def instances(*values: object) -> bytes:
    """Return the body of a request in rows."""
    return json.dumps({"instances": list(values)}).encode()


def b64(content: bytes) -> dict[str, str]:
    """Return content as an instance."""
    return {"b64": base64.b64encode(content).decode()}


def bomb(side: int) -> bytes:
    """Return a PNG of side x side black pixels in a few kilobytes, as far as it goes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = zlib.compress(bytes(min(side * (side * 3 + 1), 1 << 26)), 9)
    start = chunk(b"IHDR", struct.pack(">II5B", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def picture(draw: random.Random, side: int = 64, form: str = "JPEG") -> bytes:
    """Return a picture of noise."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), draw.randbytes(3 * side * side)).save(file, form)
    return file.getvalue()


def damage(content: bytes, draw: random.Random) -> bytes:
    """Return a copy with bytes changed, and perhaps its end cut off."""
    made = bytearray(content)
    for _ in range(draw.randint(1, 30)):
        made[draw.randrange(len(made))] = draw.randrange(256)
    return bytes(made[: draw.randint(1, len(made))] if draw.random() < 0.5 else made)


class Attack:
    """The kinds of requests against a model of images."""

    def __init__(self, name: str, seed: int) -> None:
        self.path, self.infer = f"/v1/models/{name}:predict", f"/v2/models/{name}/infer"
        self.draw = random.Random(seed)
        self._bombs = {side: b64(bomb(side)) for side in (5001, 20_000)}
        file = io.BytesIO()
        Image.new("RGB", (4900, 4900), (90, 30, 60)).save(file, "JPEG")
        self._large = b64(file.getvalue())
        # A quarter of the pixels that one may have, in a few kilobytes.
        file = io.BytesIO()
        Image.new("L", (2500, 2500)).save(file, "PNG")
        self._middle = b64(file.getvalue())

    def good(self) -> Request:
        """Return a request in good faith."""
        return post(self.path, instances(b64(picture(self.draw)))), {200}

    def kinds(self) -> dict[str, Callable[[], Request]]:
        """Return by its name what makes a request of a kind."""
        draw, path, closed = self.draw, self.path, {400, 0}
        lie = instances(b64(picture(draw)))

        def tensor(size: int, content: bytes, length: int | None = None) -> bytes:
            given = {"name": "image_bytes", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": size}}
            text = json.dumps({"inputs": [given]}).encode()
            line = f"Inference-Header-Content-Length: {len(text) if length is None else length}"
            return post(self.infer, text + content, line)

        return {
            "bomb": lambda: (post(path, instances(self._bombs[draw.choice([5001, 20_000])])), {413}),
            "large picture": lambda: (post(path, instances(self._large)), {200}),
            "many large pictures": lambda: (post(path, instances(*[self._middle] * 16)), {200, 503}),
            "damaged picture": lambda: (post(path, instances(b64(damage(picture(draw), draw)))), {200, 413, 422}),
            "damaged PNG": lambda: (post(path, instances(b64(damage(picture(draw, 9, "PNG"), draw)))), {200, 413, 422}),
            "noise": lambda: (post(path, instances(b64(draw.randbytes(draw.randint(0, 3000))))), {413, 422}),
            "no base64": lambda: (post(path, instances({"b64": "?" * draw.randint(1, 99)})), {400}),
            "paths": lambda: (post(path, instances(draw.choice(["/etc/passwd", {"path": "/"}, {"b64": None}]))), {400}),
            "broken JSON": lambda: (post(path, draw.randbytes(draw.randint(0, 4000))), {400}),
            "cut JSON": lambda: (post(path, lie[: draw.randint(1, len(lie) - 1)]), {400}),
            "deep JSON": lambda: (post(path, draw.choice([b"[", b'{"a":']) * draw.randint(20, 200_000)), {400}),
            "text without end": lambda: (post(path, b"[" * 17 + b'"' + b'\\"' * draw.randint(1, 1_000_000)), {400}),
            "many values": lambda: (post(path, b"[" + b"[]," * draw.randint(30_000, 4_000_000) + b"[]]"), {400}),
            "many instances": lambda: (post(path, instances(*[b64(b"a")] * draw.randint(65, 9000))), {413}),
            "large body": lambda: (head(path, (16 << 20) + draw.randint(1, 1 << 40)) + b"{", {413}),
            "large chunks": lambda: (
                head(path, None, "Transfer-Encoding: chunked") + (b"100000\r\n" + bytes(1 << 20) + b"\r\n") * 17,
                {413, 503},
            ),
            "slow body": lambda: (head(path, draw.randint(1000, 10**6)) + b'{"inst', {408}),
            "slow head": lambda: (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-" + b"a" * draw.randint(0, 99), {408}),
            "nothing": lambda: (b"", {0}),
            "huge head": lambda: (head("/", None, "X: " + "a" * draw.randint(70_000, 500_000), method="GET"), closed),
            "many headers": lambda: (head("/", None, *["X-abcd: b"] * draw.randint(9000, 30000), method="GET"), closed),
            "no HTTP": lambda: (b"\x16\x03" + draw.randbytes(draw.randint(100, 3000)) + b"\r\n\r\n", {400, 408}),
            "wrong host": lambda: (head("/", None, host=f"evil{draw.randrange(99)}.example", method="GET"), {421}),
            "page of another site": lambda: (
                post(path, lie, "Content-Type: text/plain", f"Origin: https://evil{draw.randrange(99)}.example"),
                {403},
            ),
            "no host": lambda: (b"GET / HTTP/1.1\r\n\r\n", {400}),
            "odd host": lambda: (head("/", None, host="a b\u00e9/" + "c" * draw.randrange(99), method="GET"), {400}),
            "two lengths": lambda: (head(path, 3, "Content-Length: 4") + b"abc", {400}),
            "no length": lambda: (head(path, None), {411}),
            "length that is none": lambda: (head(path, None, "Content-Length: many") + b"abc", {400}),
            "wrong type": lambda: (post(path, lie, "Content-Type: multipart/form-data; boundary=x"), {415}),
            "packed": lambda: (post(path, lie, "Content-Encoding: gzip"), {415}),
            "wrong model": lambda: (post(f"/v1/models/m{draw.randrange(99)}:predict", lie), {404}),
            "wrong method": lambda: (head(path, 0, method=draw.choice(["PUT", "DELETE", "PATCH", "GET"])), {405}),
            "wrong path": lambda: (head("/" + "../" * draw.randint(1, 30) + "etc/passwd", None, method="GET"), {404}),
            "long path": lambda: (head("/" + "%2e" * draw.randint(1, 20_000), None, method="GET"), {404}),
            "odd signature": lambda: (post(path, b'{"instances": [1], "signature_name": {}}'), {400}),
            "tensor too short": lambda: (tensor(draw.randint(9, 2**60), struct.pack("<I", 4) + b"abcd"), {400}),
            "tensor that lies": lambda: (tensor(8, struct.pack("<I", draw.randint(5, 2**32 - 1)) + b"abcd"), {400}),
            "header that lies": lambda: (tensor(8, struct.pack("<I", 4) + b"abcd", draw.randint(10**4, 10**30)), {400}),
        }  # fmt: skip


async def ask(port: int, content: bytes) -> int:
    """Return the status of the answer to some bytes; 0 where there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(content)
        found = await asyncio.wait_for(reader.readline(), PATIENCE)
        return int(found.split()[1]) if found else 0
    except ConnectionError:
        return 0
    except TimeoutError:
        return NO_ANSWER
    finally:
        writer.transport.abort()


async def attack(port: int, made: Attack, count: int) -> tuple[Counter[tuple[str, int]], list[str]]:
    """Send requests, and return how often each kind had which status, and what was wrong."""
    kinds, wrong = made.kinds(), list[str]()
    found: Counter[tuple[str, int]] = Counter()
    waiting = [name for _ in range(-(-count // len(kinds))) for name in kinds][:count]
    made.draw.shuffle(waiting)

    async def work() -> None:
        while waiting:
            name = waiting.pop()
            content, right = kinds[name]()
            status = await ask(port, content)
            found[name, status] += 1
            if status not in right:
                wrong.append(f"{name}: {status} instead of {sorted(right)}")
            if len(waiting) % 20 == 0 and await ask(port, made.good()[0]) != 200:
                wrong.append("a request in good faith was not answered")

    await asyncio.gather(*[work() for _ in range(AT_ONCE)])
    return found, wrong


def read_memory(process: int, key: str) -> float:
    """Return a figure of a process's memory in megabytes."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split(f"{key}:")[1].split()[0]) / 1000


def main() -> int:
    """Start a server, attack it, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most-growth", type=float, default=200.0)
    given = parser.parse_args()
    words = [sys.executable, "-m", "kerastune_ft", "serve", given.path, "--port", "0", "--json"]
    words += ["--body-timeout", str(SECONDS)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        about = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")
        port, made = int(about["url"].rpartition(":")[2]), Attack(about["name"], given.seed)
        for _ in range(40):
            assert asyncio.run(ask(port, made.good()[0])) == 200
        before = read_memory(server.pid, "VmRSS")
        found, wrong = asyncio.run(attack(port, made, given.requests))
        after, peak = (read_memory(server.pid, key) for key in ("VmRSS", "VmHWM"))
        server.send_signal(signal.SIGTERM)
        code = server.wait(60)
    for name in made.kinds():
        print(f"{name:22}", {status: number for (kind, status), number in sorted(found.items()) if kind == name})
    print(
        f"{sum(found.values())} requests; memory {before:.0f} MB before, {after:.0f} after, {peak:.0f} at most; "
        f"it ended with {code}"
    )
    print(*(f"WRONG {text}: {number} times" for text, number in Counter(wrong).items()), sep="\n")
    return int(bool(wrong) or code != 0 or after - before > given.most_growth)


if __name__ == "__main__":
    sys.exit(main())
