"""CPUs, GPUs, TPUs, replicas, workers and precision.

Nothing here knows phases.
"""
