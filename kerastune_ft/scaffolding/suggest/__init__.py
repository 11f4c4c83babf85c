"""Backbone and schedule suggested by modality.

What data hold was found before, in `scaffolding/sources`.
"""
