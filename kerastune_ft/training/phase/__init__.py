"""One phase: epochs of steps, state, validation, frozen check.

Nothing here knows what the other phases do.
"""
