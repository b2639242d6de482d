"""What every test of the fault suite has: the case that it breaks, and the table of results that a whole run writes into docs/faults.md."""

import os
import re
from pathlib import Path

import pytest

from tests.pipeline.crashing import Case

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_TABLE = re.compile(r"(?<=<!-- written by make test-faults -->\n).*?(?=<!-- end -->)", re.DOTALL)
_HEAD = ("fault", "how it was brought about", "times", "what was seen", "held", "seconds")
_ROWS: dict[str, list[tuple[str, ...]]] = {}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def case(tmp_path_factory) -> Case:
    """A lake before and after some files came."""
    return Case(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def found(request):
    """Notes a line of the table: the fault, how it was brought about and how often, and what was seen."""

    def note(fault: str, how: str, times: int, seen: str) -> None:
        request.node.user_properties.append(("fault", (fault, how, str(times), seen)))

    return note


def pytest_runtest_logreport(report):
    """Writes the lines of a fault as soon as it was tried; a run of a part of the suite, or one that is stopped, leaves those of the others."""
    if report.when != "call" and report.passed:
        return
    lines = [line for name, line in report.user_properties if name == "fault"] or [(report.nodeid.rpartition("::")[2], "", "", "")]
    if report.when == "call" and not report.skipped:
        held = "yes" if report.passed else "**no**"
        _ROWS[report.nodeid] = [(*line, held, f"{report.duration:.0f}") for line in lines]
    elif report.failed:
        _ROWS[report.nodeid] = [(*line, "**no**", "") for line in lines]
    elif report.skipped:
        _ROWS[report.nodeid] = [(*line, "skipped", "") for line in lines]
    if os.environ.get("MTA_FAULTS_TABLE") and _ROWS:
        _write()


def _write():
    page = PAGE.read_text()
    tried = [row for rows in _ROWS.values() for row in rows]
    before = [tuple(line.strip("| ").split(" | ")) for line in _TABLE.search(page)[0].splitlines()[2:]]
    own = {row[:2] for row in tried} | {(name.rpartition("::")[2], "") for name in _ROWS}
    kept = [row for row in before if row[:2] not in own]
    lines = [_HEAD, ("---",) * len(_HEAD), *sorted(kept + tried)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    PAGE.write_text(_TABLE.sub(lambda _: f"{table}\n", page))
