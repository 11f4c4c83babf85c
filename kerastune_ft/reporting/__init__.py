"""Progress lines, terminal tables and the report page of plans and runs.

It reads files of a run and never imports TensorFlow when imported.
"""
