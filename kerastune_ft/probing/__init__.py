"""Linear probes: how much a linear model makes of the features at a cut, measured on the validation split.

The test split is never read here, and nothing here trains a backbone.
"""
