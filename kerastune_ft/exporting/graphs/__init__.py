"""Trained models as functions of tensors, for converters: one file per form of inputs and answers."""
