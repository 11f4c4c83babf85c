"""Measuring whole pictures by their tiles."""
