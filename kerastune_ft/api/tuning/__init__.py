"""Functions that look for good settings.

The engine computes; what they return shows itself.
"""
