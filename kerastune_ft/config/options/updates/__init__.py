"""Options of the updates of a phase: what they train, on which loss, by which optimizer, at which rates."""
