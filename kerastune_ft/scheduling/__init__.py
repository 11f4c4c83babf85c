"""Choosing the phases of a schedule by measurement: probes, short trials of a phase, and rules on what they gave.

Nothing here reads the test split or the clock: the same data, weights and seed lead to the same phases.
"""
