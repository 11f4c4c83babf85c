"""The plan of a run: what trains, at which rates, in how many steps, what is stored. Pure, deterministic.

Nothing here trains or writes.
"""
