"""What single keys of a phase mean for its plan: their effects, checks and notes.

Nothing here plans a whole phase or knows the plan as a document.
"""
