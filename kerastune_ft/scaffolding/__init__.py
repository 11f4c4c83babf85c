"""The command `init`: inspects data and writes a commented configuration to start from.

Nothing here imports TensorFlow or trains.
"""
