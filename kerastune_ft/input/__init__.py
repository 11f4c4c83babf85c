"""From example indices to batches of static shapes: decoding, augmentation, tokens, order.

Nothing here knows phases or models.
"""
