"""Feature stores on disk: rows of bytes by id, locks, shards, budgets.

Nothing here imports TensorFlow or knows what rows mean.
"""
