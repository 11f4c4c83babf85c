"""Tables of facts about architectures and families that checks and listings need without TensorFlow.

Facts only; what follows from them is decided elsewhere.
"""
