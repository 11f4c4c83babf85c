"""Finished and unfinished runs side by side, from their files: settings, metrics on the same examples, cost.

Nothing is trained or predicted here, and nothing printed.
"""
