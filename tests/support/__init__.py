"""Helpers of the tests: small data, small models, processes. Nothing here is collected as a test."""
