"""Which parts of an input an answer rests on, and a test of whether that picture means anything."""

EXPLAINED = 36
"""The number of test examples that are explained unless another is asked for."""
