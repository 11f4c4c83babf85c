"""WAV files of any rate as samples at a model's rate, in a graph: what `input.sounds.resample` does outside of one.

`scipy.signal.resample_poly` inserts zeros between the samples, filters, and leaves samples out. Here each sample of the
result is the sum over those taps of the filter that meet no zero, in float64 as there. The filter is that of SciPy: a
sinc under a Kaiser window of beta 5, of 20 times the larger of the two factors and one tap.
"""

from __future__ import annotations

import math

import tensorflow as tf

from kerastune_ft.input.sounds.resample import Clip

_BETA, _LOBES = 5.0, 10
# Seconds, as in `input.sounds.resample.fit_samples`.
_REACH = 0.1


def decode_wav(content: tf.Tensor, clip: Clip) -> tf.Tensor:
    """Return a WAV file of 16 bits as float32 [clip.samples] of one channel, at the clip's rate; a graph function."""
    samples, rate = tf.audio.decode_wav(content)
    # The part that is cut off is not resampled, except for the reach of the filter.
    enough = tf.cast(tf.math.ceil((clip.seconds + _REACH) * tf.cast(rate, tf.float64)), tf.int32)
    return fit(resample(mix(samples)[:enough], rate, clip.sample_rate), clip)


def mix(samples: tf.Tensor) -> tf.Tensor:
    """Return samples [frames, channels] as one channel, float64: the mean, or the loudest where channels cancel."""
    values = tf.cast(samples, tf.float64)
    mean = tf.reduce_mean(values, axis=1)
    powers = tf.reduce_mean(tf.square(values), axis=0)
    cancels = tf.reduce_mean(tf.square(mean)) < 1e-3 * tf.reduce_mean(powers)
    # As `data.sounds.channels.mix`, which rounds to float32 before sounds are resampled.
    return tf.cast(
        tf.cast(tf.where(cancels, tf.gather(values, tf.argmax(powers), axis=1), mean), tf.float32), tf.float64
    )


def resample(samples: tf.Tensor, rate: tf.Tensor, wanted: int) -> tf.Tensor:
    """Return samples [frames], float64, of any rate at the rate `wanted`; a graph function."""
    common = _divide(rate, wanted)
    # Samples between which zeros were inserted are more than int32 can count.
    up, down = (tf.cast(each // common, tf.int64) for each in (tf.constant(wanted, tf.int32), rate))
    most = tf.maximum(up, down)
    half = _LOBES * most
    frames = tf.size(samples, tf.int64)
    places = tf.range(-(-frames * up // down)) * down
    # The first sample whose tap of the filter is not before its beginning, and as many as the filter is long.
    first = -((half - places) // up)
    reach = first[:, tf.newaxis] + tf.range(2 * half // up + 1)[tf.newaxis]
    distances = tf.cast(places[:, tf.newaxis] - reach * up, tf.float64)
    inside = (reach >= 0) & (reach < frames) & (tf.abs(distances) <= tf.cast(half, tf.float64))
    weights = _filter(distances, tf.cast(most, tf.float64), tf.cast(half, tf.float64))
    taps = tf.where(inside, weights, tf.zeros_like(weights))
    given = tf.gather(samples, tf.clip_by_value(reach, 0, frames - 1))
    total = _sum_of_taps(tf.cast(most, tf.float64), half)
    return tf.reduce_sum(given * taps, axis=1) * tf.cast(up, tf.float64) / total


def fit(samples: tf.Tensor, clip: Clip) -> tf.Tensor:
    """Return samples cut to a clip's length, or with silence behind them, float32 [clip.samples]."""
    values = tf.cast(samples, tf.float32)[: clip.samples]
    return tf.ensure_shape(tf.pad(values, [[0, clip.samples - tf.size(values)]]), [clip.samples])


def _filter(distances: tf.Tensor, most: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    """Return the filter, not yet scaled, at these distances from its middle."""
    angles = distances * (math.pi / most)
    one = tf.ones_like(angles)
    sinc = tf.where(distances == 0, one, tf.sin(angles) / tf.where(distances == 0, one, angles))
    inner = tf.maximum(1.0 - tf.square(distances / half), 0.0)
    return sinc * tf.math.bessel_i0(_BETA * tf.sqrt(inner))


def _sum_of_taps(most: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    distances = tf.cast(tf.range(-half, half + 1), tf.float64)
    return tf.reduce_sum(_filter(distances, most, tf.cast(half, tf.float64)))


def _divide(rate: tf.Tensor, wanted: int) -> tf.Tensor:
    """Return the greatest common divisor of a rate and another."""
    numbers = tf.constant([each for each in range(1, wanted + 1) if wanted % each == 0], tf.int32)
    return tf.reduce_max(tf.where(rate % numbers == 0, numbers, 1))
