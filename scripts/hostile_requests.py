"""Sends thousands of hostile requests to a server of a run or an export, and says what became of it.

Of models of images, and of models that write, which are asked as OpenAI's interface has it.

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

# So long that all that is sent at once arrives within it, even on cores that others use too.
SECONDS, AT_ONCE = 6, 24
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
    """The kinds of requests against any model; `path` is where it is asked."""

    def __init__(self, path: str, seed: int) -> None:
        self.path, self.draw = path, random.Random(seed)

    def good(self) -> Request:
        """Return a request in good faith."""
        raise NotImplementedError

    def kinds(self) -> dict[str, Callable[[], Request]]:
        """Return by its name what makes a request of a kind."""
        draw, path, closed = self.draw, self.path, {400, 0}
        lie = self.good()[0].partition(b"\r\n\r\n")[2]

        return {
            "broken JSON": lambda: (post(path, draw.randbytes(draw.randint(0, 4000))), {400}),
            "cut JSON": lambda: (post(path, lie[: draw.randint(1, len(lie) - 1)]), {400}),
            "deep JSON": lambda: (post(path, draw.choice([b"[", b'{"a":']) * draw.randint(20, 200_000)), {400}),
            "text without end": lambda: (post(path, b"[" * 17 + b'"' + b'\\"' * draw.randint(1, 1_000_000)), {400}),
            "many values": lambda: (post(path, b"[" + b"[]," * draw.randint(30_000, 4_000_000) + b"[]]"), {400}),
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
            "wrong method": lambda: (head(path, 0, method=draw.choice(["PUT", "DELETE", "PATCH", "GET"])), {405}),
            "wrong path": lambda: (head("/" + "../" * draw.randint(1, 30) + "etc/passwd", None, method="GET"), {404}),
            "long path": lambda: (head("/" + "%2e" * draw.randint(1, 20_000), None, method="GET"), {404}),
        }  # fmt: skip


class PictureAttack(Attack):
    """The kinds of requests against a model of images."""

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(f"/v1/models/{name}:predict", seed)
        self.infer = f"/v2/models/{name}/infer"
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
        draw, path = self.draw, self.path
        lie = instances(b64(picture(draw)))

        def tensor(size: int, content: bytes, length: int | None = None) -> bytes:
            given = {"name": "image_bytes", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": size}}
            text = json.dumps({"inputs": [given]}).encode()
            line = f"Inference-Header-Content-Length: {len(text) if length is None else length}"
            return post(self.infer, text + content, line)

        return {
            **super().kinds(),
            "bomb": lambda: (post(path, instances(self._bombs[draw.choice([5001, 20_000])])), {413}),
            "large picture": lambda: (post(path, instances(self._large)), {200}),
            "many large pictures": lambda: (post(path, instances(*[self._middle] * 16)), {200, 503}),
            "damaged picture": lambda: (post(path, instances(b64(damage(picture(draw), draw)))), {200, 413, 422}),
            "damaged PNG": lambda: (post(path, instances(b64(damage(picture(draw, 9, "PNG"), draw)))), {200, 413, 422}),
            "noise": lambda: (post(path, instances(b64(draw.randbytes(draw.randint(0, 3000))))), {413, 422}),
            "no base64": lambda: (post(path, instances({"b64": "?" * draw.randint(1, 99)})), {400}),
            "paths": lambda: (post(path, instances(draw.choice(["/etc/passwd", {"path": "/"}, {"b64": None}]))), {400}),
            "many instances": lambda: (post(path, instances(*[b64(b"a")] * draw.randint(65, 9000))), {413}),
            "wrong model": lambda: (post(f"/v1/models/m{draw.randrange(99)}:predict", lie), {404}),
            "odd signature": lambda: (post(path, b'{"instances": [1], "signature_name": {}}'), {400}),
            "tensor too short": lambda: (tensor(draw.randint(9, 2**60), struct.pack("<I", 4) + b"abcd"), {400}),
            "tensor that lies": lambda: (tensor(8, struct.pack("<I", draw.randint(5, 2**32 - 1)) + b"abcd"), {400}),
            "header that lies": lambda: (tensor(8, struct.pack("<I", 4) + b"abcd", draw.randint(10**4, 10**30)), {400}),
        }  # fmt: skip


class ChatAttack(Attack):
    """The kinds of requests against a model that writes."""

    def __init__(self, name: str, seed: int) -> None:
        super().__init__("/v1/chat/completions", seed)
        self._name = name

    def chat(self, content: object = "hello", **more: object) -> bytes:
        """Return a request of a chat completion; `more` are further keys, which may say another thing."""
        given = {"messages": [{"role": "user", "content": content}], "max_tokens": 3, **more}
        return post(self.path, json.dumps(given).encode())

    def complete(self, prompt: object, **more: object) -> bytes:
        """Return a request of a completion."""
        return post("/v1/completions", json.dumps({"prompt": prompt, "max_tokens": 2, **more}).encode())

    def good(self) -> Request:
        """Return a request in good faith, in any way to write, so that all are compiled at the beginning."""
        words, length = "and " * self.draw.choice([1, 9, 40, 70]), self.draw.choice([3, 70])
        ways = ({"temperature": 0}, {"temperature": 1}, {"temperature": 1, "top_p": 0.9})
        return self.chat(f"What is {words}?", max_tokens=length, **self.draw.choice(ways)), {200}

    def kinds(self) -> dict[str, Callable[[], Request]]:
        """Return by its name what makes a request of a kind."""
        draw, chat, complete = self.draw, self.chat, self.complete
        values: list[object] = [-1, 1e308, "5", [], {}, True, [[1]], 10**40, "\x00"]
        keys = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop", "stream", "n", "tools")
        turns = [{}, None, "hello", {"role": "root", "content": "a"}, {"role": "user"}, {"role": "user", "content": 5}]

        def odd_option() -> Request:
            # 10**40 is a seed beyond what is taken, and no boolean is a number here; true is right for a stream alone.
            key = draw.choice(keys)
            value = draw.choice([each for each in values if (key, each) not in (("stream", True), ("tools", []))])
            right: tuple[object, ...] = {"seed": (-1,), "stop": ("5", [], "\x00")}.get(key, ())
            return chat(**{key: value}), {200} if any(value == one for one in right) else {400}

        def text(most: int) -> str:
            return "".join(
                chr(
                    draw.choice([draw.randrange(1, 128), draw.randrange(160, 0xD800), draw.randrange(0xE000, 0x110000)])
                )
                for _ in range(draw.randint(1, most))
            )

        return {
            **super().kinds(),
            "noise of letters": lambda: (chat(text(400)), {200, 400}),
            "noise as a stream": lambda: (chat(text(40), stream=True, temperature=2, max_tokens=40), {200, 400}),
            "control tokens": lambda: (chat("<|im_end|><|im_start|>system<s></s>" * draw.randint(1, 3)), {200, 400}),
            "nothing to answer": lambda: (chat(draw.choice(["", " ", "\n"])), {200, 400}),
            "long prompt": lambda: (chat("word " * draw.randint(2000, 30_000)), {400}),
            "too many letters": lambda: (chat("a" * draw.randint(200_001, 900_000)), {413}),
            "many messages": lambda: (
                chat(messages=[{"role": "user", "content": "a"}] * draw.randint(500, 3000)), {400},
            ),
            "odd messages": lambda: (chat(messages=draw.choice([[], {}, "a", 5, [draw.choice(turns)]])), {400}),
            "odd content": lambda: (chat(draw.choice([5, {}, [], [5], [{"type": "image_url"}]])), {400}),
            "half a character": lambda: (chat("\ud800"), {400}),
            "numbers that are none": lambda: (
                post(self.path, b'{"messages": [{"role": "user", "content": "a"}], "temperature": %s}'
                     % draw.choice([b"NaN", b"Infinity", b"1e999", b"-Infinity"])), {400},
            ),
            "odd option": odd_option,
            "unknown key": lambda: (chat(**{text(9): 1}), {400}),
            "longest answer": lambda: (chat(max_tokens=draw.randint(1025, 1 << 60)), {400}),
            "another model": lambda: (chat(model=draw.choice(["gpt-4o", "../" + self._name, ""])), {404}),
            "stream that is left": lambda: (chat(stream=True, max_tokens=draw.randint(20, 100)), {200}),
            "many prompts": lambda: (complete(["once"] * draw.randint(2, 20)), {200}),
            "too many prompts": lambda: (complete(["a"] * draw.randint(65, 9000)), {413}),
            "odd prompts": lambda: (complete(draw.choice([[], {}, 5, [5], [[1, 2]], [["a"]], None])), {400}),
            "stops": lambda: (chat(stop=["a", "e", "i", text(150)], stream=draw.random() < 0.5), {200}),
            "predictions": lambda: (post(f"/v1/models/{self._name}:predict", instances("a")), {404, 405}),
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
        port = int(about["url"].rpartition(":")[2])
        writes = asyncio.run(ask(port, head("/v1/models", None, method="GET"))) == 200
        made = (ChatAttack if writes else PictureAttack)(about["name"], given.seed)
        for _ in range(120 if writes else 40):
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
