"""Formulas of metrics, one file per kind of labels, shared by tasks, verification and reports.

Nothing here reads files or imports TensorFlow; scikit-learn is imported when a formula needs it.
"""
