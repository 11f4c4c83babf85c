"""Tasks: what is learned, how its loss and metrics are computed; one module per kind with `build(...)`."""
