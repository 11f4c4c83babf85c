"""Measuring a trained model: final metrics, evaluation of finished runs, the comparison with the saved model.

Nothing here changes weights.
"""
