"""What the figures of a finished run mean, and what to try next: rules that read figures and nothing else."""
