"""Sounds as examples: resampled, fitted to one length, augmented, mixed with noise, and in batches."""
