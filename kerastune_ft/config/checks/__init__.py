"""Checks that look at more than one key of a configuration, each with the sentence a user reads.

Nothing here reads files other than the configuration.
"""
