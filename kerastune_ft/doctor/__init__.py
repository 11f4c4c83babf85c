"""What is here to compute with and what stands in the way, and proofs of the promises on the devices at hand.

Nothing here imports TensorFlow into the process that asks: it may be broken, and is looked at from outside.
"""
