"""Wilson's interval for the share of hits among examples."""

from __future__ import annotations

import math

Interval = tuple[float, float]
"""The lower and the upper end."""

_DIGITS = 6
# The standard normal quantile of 97.5 %.
_DEVIATIONS = 1.959963984540054


def share_interval(hits: float, examples: float) -> Interval:
    """Return Wilson's interval of 95 % for a share, given the number of hits and of examples; NaN without examples."""
    if not examples:
        return math.nan, math.nan
    share, squared = hits / examples, _DEVIATIONS**2
    middle = share + squared / (2 * examples)
    reach = _DEVIATIONS * math.sqrt(share * (1 - share) / examples + squared / (4 * examples**2))
    low, high = ((middle + sign * reach) / (1 + squared / examples) for sign in (-1, 1))
    # In exact numbers these ends are 0 and 1.
    return (0.0 if hits == 0 else round_end(low)), (1.0 if hits == examples else round_end(high))


def round_end(value: float) -> float:
    """Return the end of an interval with six significant digits, which no order of summation changes."""
    return float(f"{value:.{_DIGITS}g}")
