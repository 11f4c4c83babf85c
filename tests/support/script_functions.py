"""The functions of the scripts of exports, as text."""

from __future__ import annotations

import ast

from kerastune_ft.exporting.script_table import read_script


def list_functions(name: str) -> dict[str, str]:
    """Return by name the statements of the functions of a script."""
    tree = ast.parse(read_script(name).decode())
    return {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
