"""Predictions of a finished run on any input, a row per example.

Nothing here trains or writes into the run.
"""
