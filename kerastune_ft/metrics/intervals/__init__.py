"""Intervals of metrics: how far a figure could be another one, had other examples been drawn.

One file per kind of labels gives the metrics of examples drawn again and again, computed from weighted counts; the
formulas are those of `kerastune_ft.metrics`, which the tests compare.
"""
