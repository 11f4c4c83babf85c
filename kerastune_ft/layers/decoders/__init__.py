"""Decoders: from a backbone's feature maps to a map of logits, all of stock Keras layers.

One file per decoder; nothing here knows the task or the data.
"""
