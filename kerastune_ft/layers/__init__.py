"""Heads that are put on a backbone, made of stock Keras layers.

Nothing here knows tasks or labels.
"""
