"""A small demo, and commands in its folder."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from mta_assets.cli import mta

DEMO = ("demo", "--touchpoints", "600", "--days", "3")


def in_demo(folder: Path, *lines: tuple[str, ...]) -> list[SimpleNamespace]:
    """The exit code and output of commands in this folder, with no MTA_ variable set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("LAKE", "LANDING", "CONFIG", "STATE_URL"):
            patch.delenv(f"MTA_{name}", raising=False)
        ended = [CliRunner().invoke(mta, line, catch_exceptions=False) for line in lines]
    return [SimpleNamespace(exit_code=one.exit_code, stdout=one.stdout) for one in ended]
