"""The features of a phase: computing the frozen part, storing its outputs and reading them back.

`training/plan` decides which features are stored.
"""
