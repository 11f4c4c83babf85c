"""Exports of runs whose models write texts: presets of keras-hub, folders of transformers, adapters alone."""
