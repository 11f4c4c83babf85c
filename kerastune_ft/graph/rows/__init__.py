"""The rows of a batch: pooling that treats each alike, and rows that are windows of an example."""
