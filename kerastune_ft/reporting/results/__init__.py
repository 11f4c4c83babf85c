"""How a report shows results on the test split, one file per kind of labels.

Formulas of the metrics live in metrics/; here is what a page says of them.
"""
