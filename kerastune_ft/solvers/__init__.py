"""Convex solvers for linear heads on features in memory: arrays in, weights out.

Nothing here knows models, files or TensorFlow; SciPy is imported when something is solved.
"""
