"""A person's own head, loss and metrics, given as objects of Python: what they are, and how a task uses them.

Nothing here is read from a file, and no file names what is imported.
"""

from __future__ import annotations
