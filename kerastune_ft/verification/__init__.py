"""`verify`: everything a finished run states, checked again from its files.

Nothing here writes into the run.
"""
