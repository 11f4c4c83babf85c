"""The command line: one module per group of commands. `main` is the program.

Nothing here computes, and TensorFlow is imported only by the commands that need it.
"""

from kerastune_ft.cli.commands import main

__all__ = ["main"]
