"""Comparisons of the answers of an export with those of its run: one file per kind of label. NumPy only."""
