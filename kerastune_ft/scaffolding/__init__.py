"""`init`: looks at a person's data and writes a starting configuration with reasons.

Nothing here imports TensorFlow or trains.
"""
