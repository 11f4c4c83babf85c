"""What Prometheus reads."""

from __future__ import annotations

import re

from kerastune_ft.serving.meters import Meters
from tests.support.served import Client, b64, picture, start


def test_requests_inputs_batches_and_memory_are_counted() -> None:
    with start() as service:
        client = Client(service)
        client.predict(b64(picture(200)), b64(b"no image"))
        client.ask("GET", "/nowhere")
        found = client.ask("GET", "/metrics")
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    figures = dict(re.findall(r"^(.+) (\S+)$", found.text, re.M))
    assert figures['kerastune_requests_total{code="200",route="v1 predict"}'] == "1.0"
    assert figures['kerastune_requests_total{code="404",route="none"}'] == "1.0"
    assert figures['kerastune_inputs_total{code="422"}'] == figures['kerastune_inputs_total{code="200"}'] == "1.0"
    assert figures["kerastune_batch_inputs_count"] == "1.0"
    assert figures["kerastune_waiting_inputs"] == figures["kerastune_held_bytes"] == "0.0"
    assert float(figures["process_resident_memory_bytes"]) > 1e6
    assert not [name for name in figures if "_created" in name]


def test_two_servers_count_for_themselves() -> None:
    first, second = Meters((1,)), Meters((1,))
    first.inputs.labels("200").inc()
    assert b'inputs_total{code="200"} 1.0' in first.write()
    assert b'inputs_total{code="200"}' not in second.write()
