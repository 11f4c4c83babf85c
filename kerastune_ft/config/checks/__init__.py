"""Checks of a configuration that involve more than one key, and the error messages of all checks.

Nothing here reads files other than the configuration.
"""
