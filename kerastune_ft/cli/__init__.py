"""The command line: one module per group of commands. `main` is the program.

Nothing here computes, and nothing imports TensorFlow before a command needs it.
"""

from kerastune_ft.cli.commands import main

__all__ = ["main"]
