"""Answers for sound files, a line of JSON each: python predict.py SOUND... (tensorflow, numpy, scipy, soundfile)."""

import io
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile
import tensorflow as tf
from scipy.signal import resample_poly


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    saved = tf.saved_model.load(str(Path(folder, "1")))
    about, names = (json.loads(Path(folder, f"{name}.json").read_text("utf-8")) for name in ("preprocessing", "labels"))
    return SimpleNamespace(saved=saved, names=names, **about["answers"], **about["sound"])


def read(model: Any, item: Any) -> np.ndarray:
    """Return the sound of a path or bytes at the model's rate and length, float32; raise ValueError for no sound."""
    try:
        content = item if isinstance(item, bytes) else Path(item).read_bytes()
        channels, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (OSError, RuntimeError, TypeError) as error:
        raise ValueError(f"it cannot be read as a sound: {error}") from error
    if not len(channels) or not np.isfinite(channels).all() or np.abs(channels).max() > 1.5:
        raise ValueError("it has no samples, or some that are not of -1 to 1")
    mean, powers = channels.mean(axis=1, dtype=np.float64), np.square(channels, dtype=np.float64).mean(axis=0)
    # Channels that cancel each other have the loudest of them in their place.
    cancels = channels.shape[1] > 1 and np.square(mean).mean() < 1e-3 * powers.mean()
    samples = np.asarray(channels[:, powers.argmax()] if cancels else mean, np.float32)
    # What is cut off is not resampled, except for the reach of the filter.
    samples = samples[: math.ceil((model.samples / model.sample_rate + 0.1) * rate)]
    if rate != model.sample_rate:
        common = math.gcd(rate, model.sample_rate)
        samples = resample_poly(samples.astype(np.float64), model.sample_rate // common, rate // common)
    fitted = np.zeros(model.samples, np.float32)
    fitted[: len(samples)] = samples[: model.samples]
    return fitted


def predict(model: Any, examples: list[np.ndarray]) -> list[dict[str, Any]]:
    """Return the answer for each sound."""
    found = model.saved.signatures["sound"](sound=tf.constant(np.stack(examples)))
    return [
        answer(model, *(found[name][row].numpy().tolist() for name in model.outputs)) for row in range(len(examples))
    ]


def answer(model: Any, row: list[float], distance: float | None = None) -> dict[str, Any]:
    """Return the outputs for one sound under the names of classes or values, with the labels that follow from them."""
    named = dict(zip(model.names, row, strict=True))
    more = {} if distance is None else {"distance": distance, "unknown": distance > model.unknown}
    if model.are_numbers:
        return {"value": row[0]} if len(row) == 1 else {"values": named}
    if model.thresholds is None:
        return {"label": max(named, key=lambda name: named[name]), "probabilities": named, **more}
    labels = [name for name, least in zip(named, model.thresholds, strict=True) if named[name] >= least]
    return {"labels": labels, "probabilities": named, **more}


def main() -> None:
    """Print an answer or an error for each SOUND; end with 1 where one could not be read."""
    model, failed = load(Path(__file__).parent), 0
    for item in sys.argv[1:]:
        try:
            found = predict(model, [read(model, item)])[0]
        except ValueError as error:
            found, failed = {"error": str(error)}, 1
        print(json.dumps({"input": item, **found}))
    sys.exit(failed)


if __name__ == "__main__":
    main()
