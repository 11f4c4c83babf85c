"""The part of a report that shows test results, one file per kind of label.

Formulas live with the tasks; here is only their display.
"""
