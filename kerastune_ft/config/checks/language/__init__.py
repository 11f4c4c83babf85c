"""Checks of tasks whose models write texts, one file for each kind of input.

Nothing here imports TensorFlow.
"""
