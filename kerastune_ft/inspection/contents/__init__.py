"""What the examples of each modality are by themselves: their hashes, their faults, and which are copies."""
