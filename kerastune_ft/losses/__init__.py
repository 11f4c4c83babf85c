"""Losses that phases train on: formulas, one file per kind of labels. They know neither tasks nor phases.

What is reported as `validation_loss` is the plain loss of the task, whatever a phase trains on.
"""
