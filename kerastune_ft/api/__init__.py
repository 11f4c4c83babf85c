"""The engine as functions: what notebooks, the command line and batch jobs call.

Nothing here computes: it checks arguments, imports the engine late, and hands over.
"""
