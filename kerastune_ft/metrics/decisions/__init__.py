"""What can be decided by scores and probabilities: curves, thresholds, costs, and sets that hold the truth.

Whatever is chosen is chosen on one split, validation, and measured on another.
"""
