"""What a server takes of one request, and of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most that a server takes; what is more is refused before it is decoded."""

    max_pixels: int = 25_000_000
    """Height times width of a picture; one of 16 bits counts twice."""
    max_samples: int = 10_000_000
    """Samples of a sound, all channels together."""
    max_characters: int = 200_000
    """Characters of a text, or of both of a pair."""
    max_bytes: int = 16 << 20
    """Bytes of a request's body."""
    max_instances: int = 64
    """Inputs of a request."""
    max_waiting: int = 512
    """Inputs of all requests that wait for the model."""
    max_connections: int = 256
    """Open connections."""
    body_timeout: float = 30.0
    """Seconds in which a request must have arrived, and in which its answer must be taken."""
    batch_size: int = 8
    """Inputs that the model computes at once."""
    max_generations: int = 2
    """Batches of answers that a model writes in turns."""
    max_new_tokens: int = 1024
    """Tokens of an answer that is written."""

    @property
    def max_bytes_at_once(self) -> int:
        """Return the most bytes of the bodies of all requests under way."""
        return 4 * self.max_bytes

    @property
    def shapes(self) -> tuple[int, ...]:
        """Return the sizes of batches that the model computes: powers of two, and `batch_size`."""
        below = [1 << power for power in range(self.batch_size.bit_length()) if 1 << power < self.batch_size]
        return (*below, self.batch_size)
