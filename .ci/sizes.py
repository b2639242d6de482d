"""Reports modules over 300 lines and functions over 40: one thing, or two? Fails when one is twice that."""

import ast
import re
import subprocess
import sys
from pathlib import Path

MODULE_LINES, FUNCTION_LINES = 300, 40
_GENERATED = re.compile(r"^# \]\]\]$.*?^# \[\[\[end\]\]\]", re.DOTALL | re.MULTILINE)  # by cog


def sizes(path: Path) -> list[tuple[str, int, int]]:
    """(what, lines, limit) of the module and of each function in it."""
    text = path.read_text()
    found = [(str(path), _GENERATED.sub("", text).count("\n"), MODULE_LINES)]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            found.append((f"{path}:{node.lineno} {node.name}", lines, FUNCTION_LINES))
    return found


def main() -> int:
    """Prints what is over its limit; 1 when something is over twice its limit."""
    listed = subprocess.run(["git", "ls-files", "*.py"], check=True, capture_output=True, text=True)  # noqa: S607  git is on the path
    over = [row for name in listed.stdout.split() for row in sizes(Path(name)) if row[1] > row[2]]
    for what, lines, limit in over:
        print(f"{what}: {lines} lines (aim: {limit})")
    return int(any(lines > 2 * limit for _, lines, limit in over))


if __name__ == "__main__":
    sys.exit(main())
