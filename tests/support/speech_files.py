"""Sound files with something to say."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.data.embedded import spoken


def write_sounds(folder: Path, names: Sequence[str]) -> None:
    """Write WAV files, each one of the embedded set of tones."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(spoken.SAMPLE_RATE)
            file.writeframes(spoken.sound(number).tobytes())
