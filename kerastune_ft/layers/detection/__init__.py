"""Detection heads: from a backbone's feature maps to boxes with scores, all of stock Keras layers and operations.

Nothing here knows the task or the data.
"""
