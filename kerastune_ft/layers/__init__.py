"""Keras layers and losses of this package, and the heads made of stock layers."""
