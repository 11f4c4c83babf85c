"""What a trained model is used for: predictions on other inputs."""
