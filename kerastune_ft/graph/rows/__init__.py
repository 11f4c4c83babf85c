"""The rows of a batch: pooling that treats each alike, rows that are windows of an example, and where inputs meet."""
