"""Metrics of texts that are written, against the texts that were expected: shared words, equality, and errors.

Nothing here knows models, tokens of models or files.
"""
