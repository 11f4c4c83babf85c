"""Pretrained models, their units, endpoints and input descriptions, one file per kind of backbone.

Nothing here knows tasks, data or training.
"""
