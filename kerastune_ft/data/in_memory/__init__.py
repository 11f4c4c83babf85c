"""Data that a program has in memory: written once to a file that a configuration names, and then data like any.

Equal data give the same file, so that a run on them goes on instead of beginning anew.
"""
