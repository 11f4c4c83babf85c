"""One phase: step, optimizer, state, validation, frozen check.

Nothing here knows what the other phases do.
"""
