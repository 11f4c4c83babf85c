"""The self-contained HTML report of a run.

It reads the run directory only.
"""
