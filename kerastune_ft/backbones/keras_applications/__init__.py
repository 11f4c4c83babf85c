"""Backbones of tf.keras.applications: their families, weights, and the range of their pixels."""
