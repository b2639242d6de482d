"""Every test that docs/security.md names exists, and every item of the Top 10 names one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"^- `(tests/[\w/]+\.py)::(\w+)`$", PAGE, re.M)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_the_page_names_exists(file, test):
    functions = {node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)}
    assert test in functions


def test_each_of_the_ten_names_what_shows_it():
    items = re.split(r"^### API", PAGE.partition("## Notes")[0], flags=re.M)[1:]
    assert [int(item.split()[0]) for item in items] == list(range(1, 11))
    for item in items:
        assert "- `tests/" in item, item.splitlines()[0]
