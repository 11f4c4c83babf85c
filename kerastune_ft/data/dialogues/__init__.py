"""Texts and dialogues that a model goes on with: their turns, however the data write them.

Nothing here knows tokens or templates.
"""
