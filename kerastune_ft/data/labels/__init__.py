"""Labels of all examples: one class, several classes, or values, and the scheme a model is trained to.

Nothing here reads files.
"""
