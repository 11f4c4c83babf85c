"""Rows of tokens of dialogues and texts that a model learns to write: templates, targets, loaders.

Nothing here knows phases or how texts are generated.
"""
