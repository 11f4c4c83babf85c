"""Answers of the model of a session to its own examples: for metrics, and to show what training changed."""
