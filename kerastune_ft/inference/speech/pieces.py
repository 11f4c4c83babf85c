"""Divides recordings that are longer than a model takes into pieces that it does, where they are quietest."""

from __future__ import annotations

import math

import numpy as np

from kerastune_ft.input.sounds.resample import Clip

# Pieces are aimed at this share of the longest there may be, which leaves room to look for a pause around their ends.
_SHARE = 0.8
# How far from that, as a share of the piece, a pause is looked for; the seconds that loudness is measured in, and how
# many of these make a pause.
_REACH = 0.2
_BLOCK, _BLOCKS = 0.02, 10


def divide(samples: np.ndarray, rate: int, clip: Clip) -> list[tuple[int, int]]:
    """Return where the pieces of a sound [frames] begin and end, none longer than `clip`, in frames.

    A sound that fits is one piece. Others are divided into pieces of about one length, each of which ends in the middle
    of the quietest fifth of a second around there. It depends on the samples alone.
    """
    most = max(1, math.floor(clip.seconds * rate + 0.5))
    found, start = [], 0
    while len(samples) - start > most:
        left = len(samples) - start
        count = max(2, math.ceil(left / (_SHARE * most)))
        aim = left / count
        # What is left must fit into the pieces that are left.
        low = max(math.ceil((1 - _REACH) * aim), left - (count - 1) * most, 1)
        high = max(min(math.floor((1 + _REACH) * aim), most), low)
        end = start + low + _find_pause(samples[start + low : start + high], rate)
        found.append((start, end))
        start = end
    return [*found, (start, len(samples))]


def _find_pause(samples: np.ndarray, rate: int) -> int:
    """Return the frame in the middle of the quietest part of a sound."""
    block = max(1, round(_BLOCK * rate))
    blocks = len(samples) // block
    if blocks == 0:
        return 0
    power = np.square(samples[: blocks * block].reshape(blocks, block), dtype=np.float64).sum(axis=1)
    width = min(_BLOCKS, blocks)
    together = np.convolve(power, np.ones(width), "valid")
    return (int(together.argmin()) * block) + width * block // 2
