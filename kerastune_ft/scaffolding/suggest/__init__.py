"""Suggesting a backbone and a schedule: one file per modality, and the table of them in `choose`.

Inspecting the data is done before, in `scaffolding/sources`.
"""
