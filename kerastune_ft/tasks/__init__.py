"""Tasks: heads, targets, losses, metrics and predictions, one file per kind of labels.

Nothing here knows phases or data sources.
"""
