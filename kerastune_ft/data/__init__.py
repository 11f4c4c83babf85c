"""Examples of a data set by index: inputs, labels, groups and splits.

Nothing here knows models, batches or augmentation.
"""
