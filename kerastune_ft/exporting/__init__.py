"""Exports: folders with a trained model in a format, and all that its own runtime needs to answer as the run does.

Nothing here trains or writes into what a run recorded.
"""
