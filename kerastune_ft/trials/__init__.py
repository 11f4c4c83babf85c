"""Hyperparameter search: spaces, proposals, and trials that share features, models and finished phases.

Nothing here prints; the final run of the winner is the engine's, and the test split is never looked at.
"""
