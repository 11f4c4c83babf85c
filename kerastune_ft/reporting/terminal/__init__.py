"""Tables for terminals and notebooks.

No computation, and nothing is printed here: the callers do.
"""
