"""`python -m kerastune_ft` is the program `kerastune-ft`."""

from kerastune_ft.cli.commands import main

if __name__ == "__main__":
    main()
