"""Results on the test split as a report shows them, one file per kind of labels.

Formulas of the metrics live in metrics/; here is only their display.
"""
