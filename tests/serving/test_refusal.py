"""Refusals: which status a request has none of whose inputs is answered."""

from __future__ import annotations

from kerastune_ft.serving.refusal import Refusal, refuse_all


def test_a_request_of_one_input_has_the_status_of_that() -> None:
    found = refuse_all({"instances[0]": Refusal(413, "too many pixels", {"a": "b"})})
    assert (found.status, found.text, found.headers) == (413, "instances[0]: too many pixels", {"a": "b"})


def test_inputs_refused_for_different_reasons_make_a_request_that_cannot_be_processed() -> None:
    both = {"instances[0]": Refusal(413, "too many pixels"), "instances[1]": Refusal(400, "no base64")}
    found = refuse_all(both)
    assert (found.status, found.text) == (422, "none of 2 inputs is answered; instances[0]: too many pixels")
    assert refuse_all({name: Refusal(400, "no base64") for name in both}).status == 400
