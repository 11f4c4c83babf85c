"""Rows of predictions as users get them: their columns, and the files they are written to.

Nothing here loads a model.
"""
