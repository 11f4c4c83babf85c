"""Surgery on Keras models: units, boundaries, partitions, LoRA, bound layers.

Nothing here knows data, tasks or phases.
"""
