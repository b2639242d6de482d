"""The README's result is what its commands print."""

import shlex
from pathlib import Path

from click.testing import CliRunner

from mta_assets.cli import mta

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_commands_print_the_readmes_result(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    block = README.read_text(encoding="utf-8").partition("## A result")[2].split("```")[1].strip().splitlines()
    commands = [shlex.split(line.removeprefix("$ mta ")) for line in block if line.startswith("$ mta ")]
    assert [command[0] for command in commands] == ["simulate", "attribute"]
    outputs = [CliRunner().invoke(mta, command, catch_exceptions=False).output for command in commands]
    shown = [line.split() for line in block if line.strip() and not line.startswith("$")]
    printed = [line.split() for line in outputs[-1].splitlines() if line.strip()]
    start = printed.index(shown[0])
    assert printed[start : start + len(shown)] == shown
