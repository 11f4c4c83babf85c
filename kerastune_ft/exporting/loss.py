"""What a smaller model loses on validation, in points of the score of a run, and the limit to that."""

from __future__ import annotations

import math
from typing import Any

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.answers.base import Compared

_DIGITS = 9


def measure_loss(compared: Compared) -> float:
    """Return how many points of the score an export loses: of a hundred, or percent of an error that grows."""
    if compared.is_error:
        loss = (compared.of_export - compared.of_run) / max(compared.of_run, 1e-12)
    else:
        loss = compared.of_run - compared.of_export
    # One example of a hundred is 1 point and not 1.0000000000000009, which would be above a limit of 1; and no -0.0.
    return round(100.0 * loss, _DIGITS) + 0.0


def refuse_loss(compared: Compared, split: str, how: str, most: float) -> dict[str, Any]:
    """Return what export.json says of a smaller model; raise PromiseError where it loses more than `most` points.

    So does an answer that is no number, whatever the others are. `split` is that of the examples that were compared,
    and `how` the value of --quantize.
    """
    if not math.isfinite(compared.largest):
        raise PromiseError(f"--quantize {how}: the export answers what is no number on {split}; nothing was written")
    loss = measure_loss(compared)
    if not loss <= most:
        raise PromiseError(
            f"--quantize {how} loses {loss:.2f} points of {compared.score} on {split} ({compared.of_run:.4g} to "
            f"{compared.of_export:.4g}, {len(compared.flips or ())} of {len(compared.differences)} examples get "
            f"another label), and --max-loss allows {most:g}; nothing was written"
        )
    return {"how": how, "loss": loss, "max_loss": most}
