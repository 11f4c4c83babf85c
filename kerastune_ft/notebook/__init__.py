"""What is different in a notebook: one output that is updated in place, and messages that speak Python.

IPython is never imported here unless its kernel runs already.
"""
