"""The memory of graphs: what blocks keep for their gradients, and what Keras would take that nobody needs.

Nothing here knows phases or data.
"""
