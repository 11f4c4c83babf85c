"""The feature cache on disk: rows of bytes by id, shards, locks between processes, the budget.

Nothing here imports TensorFlow or knows what a row means.
"""
