"""The epochs of a phase: their updates, one by one or many in a call, their validation, and their end."""
