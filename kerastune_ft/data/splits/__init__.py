"""Choosing train, validation and test examples: fractions, folds, groups, strata, and given names.

Nothing here reads inputs.
"""
