"""Saved forms of a trained model: what they are made from, one file per modality, and the formats they are written in.

Nothing here trains.
"""
