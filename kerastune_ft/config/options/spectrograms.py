"""Options of the spectrogram that turns sounds into a model's input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, model_validator

from kerastune_ft.config.options.base import Count, ListToTuple, Options, problem

SAMPLE_RATE = 16_000
"""The sample rate if neither the data nor the backbone gives one."""
RATE_ARRAY = "sample_rate"
"""The array of an .npz file that holds the sample rate of its sounds."""
MOST_CHANNELS = 8
"""The maximum number of channels of sounds in arrays; a longer last axis is not channels."""
_WINDOW_SECONDS, _HOP_SECONDS = 0.025, 0.01
_HIGHEST = 7500.0
# The logarithm of the loudest value: that of a sine of full scale in its mel bin.
_LOUDEST = 5.0

Rate = Annotated[int, Field(ge=1000, le=384_000)]


class LogMel(Options):
    """`{"window": 400, "hop": 160, "bins": 64}`: the logarithm of a mel spectrogram."""

    sample_rate: Rate | None = Field(
        None, description="the sample rate that the model expects; null means data.sample_rate, else 16000"
    )
    window: Count | None = Field(None, description="samples of a frame, under a Hann window; null means 25 ms")
    hop: Count | None = Field(None, description="samples between frames; null means 10 ms")
    fft: Count | None = Field(
        None, description="samples of the Fourier transform; null means the next power of two of window"
    )
    bins: Annotated[int, Field(ge=8, le=512)] = Field(64, description="mel bins")
    low: Annotated[float, Field(ge=0)] = Field(125.0, description="lowest frequency, in Hz")
    high: Annotated[float, Field(gt=0)] | None = Field(
        None, description="highest frequency, in Hz; null means 7500, or half the sample rate if that is less"
    )
    power: Annotated[int, Field(ge=1, le=2)] = Field(1, description="1 takes magnitudes, 2 their squares")
    floor: Annotated[float, Field(gt=0)] = Field(0.001, description="added before the logarithm")
    range: Annotated[tuple[float, float], ListToTuple] | None = Field(
        None,
        description="the range of logarithms that is mapped to 0 to 255, clipped; null means no mapping, and for a "
        "model of images the range from the logarithm of floor to 5",
    )

    @model_validator(mode="after")
    def _is_possible(self) -> LogMel:
        if self.range is not None and not self.range[0] < self.range[1]:
            raise problem("range is [lowest, highest], as [-7, 5]")
        if self.fft is not None and self.window is not None and self.fft < self.window:
            raise problem(f"fft is {self.fft} and window {self.window}; fft must be at least window")
        if self.high is not None and not self.low < self.high:
            raise problem(f"low is {self.low:g} and high {self.high:g}; give low below high")
        return self

    def resolve(self, sample_rate: int, of_images: bool) -> LogMel:
        """Return the options with all defaults filled in, for a sample rate."""
        window = self.window or round(_WINDOW_SECONDS * sample_rate)
        filled: dict[str, Any] = {
            "sample_rate": sample_rate,
            "window": window,
            "hop": self.hop or round(_HOP_SECONDS * sample_rate),
            "fft": self.fft or 1 << (window - 1).bit_length(),
            "high": self.high or min(_HIGHEST, sample_rate / 2),
            "range": self.range or ((math.log(self.floor), _LOUDEST) if of_images else None),
        }
        return self.model_copy(update=filled)


LOG_MELS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "yamnet": MappingProxyType(
            {"sample_rate": 16_000, "window": 400, "hop": 160, "fft": 512, "low": 125.0, "high": 7500.0}
        )
    }
)
"""Options of the spectrograms of known models, by name."""


def _by_name(value: Any) -> Any:
    return {"log_mel": dict(LOG_MELS[value])} if isinstance(value, str) and value in LOG_MELS else value


class SoundInput(Options):
    """`"yamnet"`, or `{"log_mel": {"bins": 64}}`: sounds become a spectrogram, which the model takes."""

    log_mel: LogMel = Field(description="the spectrogram")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return _by_name(value)
