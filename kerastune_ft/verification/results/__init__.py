"""Computes results again from the tables of a run, one file per kind of labels.

Neither the model nor the data is needed; the formulas are those of metrics/.
"""
