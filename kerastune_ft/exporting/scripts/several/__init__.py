"""The predict.py of models with several inputs, and `inputs.py`, which stands beside it and reads the inputs."""
