"""Examples with several inputs in requests."""
