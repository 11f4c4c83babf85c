"""Readers of tables, one file for each format: bytes to columns of cells.

Nothing here knows what columns mean.
"""
