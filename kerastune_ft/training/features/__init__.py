"""Computing the frozen part, storing it and reading it back.

Which features are stored is decided in `training/plan`.
"""
