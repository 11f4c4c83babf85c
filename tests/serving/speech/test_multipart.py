"""Forms as browsers and curl send them, and what is none."""

from __future__ import annotations

import httpx
import pytest

from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.speech.multipart import Part, read_form

HEAD = 'Content-Disposition: form-data; name="a"'


def build(*parts: str, boundary: str = "b") -> bytes:
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts).encode() + f"--{boundary}--\r\n".encode()


def test_what_a_client_sends_comes_back() -> None:
    content = bytes(range(256)) * 20 + b"\r\n--\r\n\r\n"
    files = {"file": ('an "odd" name.wav', content)}
    request = httpx.Request("POST", "http://here", files=files, data={"model": "ears", "language": "dé"})
    found = read_form(request.headers["content-type"], request.read())
    assert found[:2] == [Part("model", b"ears"), Part("language", "dé".encode())]
    assert (found[2].name, found[2].content) == ("file", content)
    assert found[2].file_name is not None


@pytest.mark.parametrize("kind", ['multipart/form-data; boundary="b"', "multipart/form-data;charset=x; Boundary=b"])
def test_boundaries_in_quotes_and_with_others_beside_them(kind: str) -> None:
    assert read_form(kind, b"a preamble\r\n" + build(f"{HEAD}\r\n\r\n1\r\n2")) == [Part("a", b"1\r\n2")]


def test_a_file_without_content_and_without_a_name() -> None:
    found = read_form(
        "multipart/form-data; boundary=b", build('content-disposition:form-data;name=a;filename=""\r\n\r\n')
    )
    assert found == [Part("a", b"", "")]


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("multipart/form-data", build(f"{HEAD}\r\n\r\n1"), "names no boundary"),
        ("multipart/form-data; boundary=" + "b" * 71, build(), "names no boundary"),
        ("multipart/form-data; boundary=c", build(f"{HEAD}\r\n\r\n1"), "has no end"),
        ("multipart/form-data; boundary=b", b"", "has no end"),
        ("multipart/form-data; boundary=b", build(f"{HEAD}\r\n\r\n1")[:-6], "has no end"),
        ("multipart/form-data; boundary=b", build("no head"), "has no head"),
        ("multipart/form-data; boundary=b", build(f"{HEAD}; x={'x' * 5000}\r\n\r\n1"), "has no head"),
        ("multipart/form-data; boundary=b", build("Content-Disposition: form-data\r\n\r\n1"), "has no name"),
        ("multipart/form-data; boundary=b", build('Content-Disposition: form-data; name=""\r\n\r\n1'), "has no name"),
        ("multipart/form-data; boundary=b", build('Content-Type: text/plain\r\n\r\n1'), "has no name"),
        ("multipart/form-data; boundary=b", build(f"{HEAD}\r\n{HEAD}\r\n\r\n1"), "has no name"),
        ("multipart/form-data; boundary=b", b"--bb\r\n" + build(), "within a line"),
        ("multipart/form-data; boundary=b", b'--b\r\n\xff: \xff\r\n\r\n1\r\n--b--', "not UTF-8"),
        ("multipart/form-data; boundary=b", build(*[f"{HEAD}\r\n\r\n1"] * 40), "more than 32 parts"),
        ("multipart/form-data; boundary=b", b"\r\n--b" * 100_000, "more than 32 parts"),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(kind: str, data: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words) as found:
        read_form(kind, data)
    assert found.value.status == 400
