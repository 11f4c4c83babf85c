"""Finding learning rates: a sweep over rates on a phase as it begins, and what it suggests.

What is swept is thrown away: neither a run nor a later training in the same process knows of it.
"""
