"""Formats that a trained model is saved in: one file each with `write`, `open` and `tolerance`, and its row in `base`.

Nothing here knows tasks or how a model was trained.
"""
