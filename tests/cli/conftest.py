"""A place of its own for every test of the command, so that no setting or lake of the machine leaks in."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from mta_assets.cli import mta
from tests.cli.demos import DEMO, in_demo

EVENTS = """user_id,ts,channel,conversion,value
u1,2026-03-01T10:00:00Z,search,0,
u1,2026-03-02T10:00:00Z,email,0,
u1,2026-03-03T10:00:00Z,direct,1,40
u2,2026-03-01T10:00:00Z,email,0,
u3,2026-03-04T10:00:00Z,search,1,10
"""


@pytest.fixture(scope="session")
def demo(made_once) -> tuple[Path, SimpleNamespace]:
    """A folder in which a small demo ran, and how that ended. Not to be changed."""
    return made_once("demo", lambda folder: (folder, *in_demo(folder, DEMO)))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """An empty current folder with no MTA_ variable set."""
    for name in ("LAKE", "LANDING", "CONFIG", "UI_PORT"):
        monkeypatch.delenv(f"MTA_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run():
    """Calls the command as a shell would, with stdout and stderr apart."""

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(mta, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture
def events(place) -> Path:
    """A small event log: three users, two conversions."""
    path = place / "events.csv"
    path.write_text(EVENTS)
    return path
