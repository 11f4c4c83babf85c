"""How far answers can be relied on, as report and `evaluate` show it: calibration, curves, thresholds, costs, sets.

All figures come from files or from `metrics/`; here is only their display.
"""
