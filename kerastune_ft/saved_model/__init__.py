"""The model a run leaves: preprocessing, model and outputs in one Keras file, with what describes it.

Nothing here trains.
"""
