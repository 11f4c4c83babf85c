"""What is wrong with data before it is trained on: copies, leaks, doubtful labels, odd examples.

Everything here reads the data and the frozen features that a run would store; nothing trains a backbone.
"""
