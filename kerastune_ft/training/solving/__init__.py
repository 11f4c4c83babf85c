"""Phases whose head is set by a solver: features in memory, iterations as epochs, the optimum as the result.

Nothing here makes updates by batches.
"""
