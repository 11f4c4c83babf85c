"""Pure planning on graphs: units, boundaries, partitions, rates, costs, and addressed randomness."""
