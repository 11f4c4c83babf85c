"""What Prometheus reads: requests by code, their time, batches, what waits, and memory."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Meters:
    """The counters of one server."""

    def __init__(self, shapes: tuple[int, ...]) -> None:
        """`shapes` are the sizes of batches, which are the buckets of their histogram."""
        # Each counter has a second series with the time of its beginning unless told otherwise.
        disable_created_metrics()
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "kerastune_requests", "Requests by route and status.", ["route", "code"], registry=self._registry
        )
        self.seconds = Histogram(
            "kerastune_request_seconds",
            "Seconds from the head of a request to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.batches = Histogram(
            "kerastune_batch_inputs", "Inputs computed at once.", buckets=shapes, registry=self._registry
        )
        self.inputs = Counter(
            "kerastune_inputs", "Inputs by the status of their answer.", ["code"], registry=self._registry
        )

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a figure that is read whenever somebody asks."""
        Gauge(f"kerastune_{name}", text, registry=self._registry).set_function(read)

    def write(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self._registry)
