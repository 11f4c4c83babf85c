"""Execute a notebook of the repository headless: `execute_notebook.py NOTEBOOK OUTPUT PARAMETERS`, in a folder of ours.

PARAMETERS are JSON, name to value; they take the place of the cell tagged `parameters`. The cell tagged `install` is
left out, since this process has what it installs. The executed notebook is written to OUTPUT.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import nbformat
from nbclient import NotebookClient

# The servers of a kernel are no concern of ours.
warnings.simplefilter("ignore")


def main(source: str, target: str, parameters: str) -> None:
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "install" in tags:
            cell.source = ""
        if "parameters" in tags:
            cell.source = "\n".join(f"{name} = {value!r}" for name, value in json.loads(parameters).items())
    client = NotebookClient(
        notebook, timeout=1200, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": "."}}
    )
    client.execute()
    nbformat.write(notebook, Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
