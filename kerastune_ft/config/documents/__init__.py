"""JSON documents that keep line and column: reading files, parsing, and reporting problems.

Nothing here knows the keys of a configuration.
"""
