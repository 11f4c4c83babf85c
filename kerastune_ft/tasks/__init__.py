"""What a model is trained for: heads, targets, losses, metrics, predictions.

Nothing here knows phases or data sources.
"""
