"""Inspecting folders, tables and array files: what they hold, and which columns are inputs and labels.

Nothing here chooses models or schedules.
"""
