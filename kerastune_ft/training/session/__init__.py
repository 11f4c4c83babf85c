"""Data, task, backbone and head put together into one model on its devices.

Nothing here trains.
"""
