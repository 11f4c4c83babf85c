"""What people see of plans and runs: progress lines, terminal tables, the report page.

It reads files of a run and never imports TensorFlow when imported.
"""
