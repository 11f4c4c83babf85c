"""Labels that are texts which a model learns to write.

Nothing here knows turns of dialogues or tokens.
"""
