"""Models rebuilt from the layers of others: as a flat graph, in another precision, at another size, several as one."""
