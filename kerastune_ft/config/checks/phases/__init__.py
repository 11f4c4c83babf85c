"""Checks of the keys of a phase: what it trains on, at which rates, by which solver, and what it ends with."""
