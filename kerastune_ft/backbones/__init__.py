"""Pretrained backbones: one module per kind, each with `build(options, seed)`."""
