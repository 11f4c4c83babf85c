"""The run directory of a command: which one it is, what its copies bring back, and the data that it recorded."""
