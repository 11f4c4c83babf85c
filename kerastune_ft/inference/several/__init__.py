"""Predictions on examples with several inputs: rows of tables and lines of JSON objects.

Nothing here trains or writes into the run.
"""
