"""Audio encoders of keras-hub as one graph: Whisper on log-mel frames, Moonshine on samples."""

from __future__ import annotations

import keras

from kerastune_ft.backbones.hub_blocks import replayed

FEATURES, SAMPLES, MASK = "encoder_features", "encoder_input_values", "encoder_padding_mask"
# Four seconds at the rate Moonshine was trained with, where nothing else is said.
_SAMPLES = 64_000


def encoder(body: keras.Model) -> keras.Model:
    """Return the model of frames [batch, frames, bands] or samples [batch, samples, 1] -> [batch, length, width].

    The length is fixed: Whisper's own, or four seconds.
    """
    given = body.input
    if FEATURES in given:
        sound = keras.Input((body.max_encoder_sequence_length, body.num_mels), name="frames", dtype="float32")
        inputs = {FEATURES: sound}
    else:
        sound = keras.Input((_SAMPLES, 1), name="samples", dtype="float32")
        inputs = {SAMPLES: sound, MASK: keras.ops.ones_like(sound[:, :, 0], dtype="bool")}
    part = keras.Model({name: given[name] for name in inputs}, body.output["encoder_sequence_output"])
    return keras.Model(sound, replayed(part, inputs), name=body.name)
