"""Jobs of a small shop: a state store, an uploads folder, and files that clients sent."""

from datetime import UTC, date, datetime

import pytest

from mta_assets.config import Config
from mta_assets.jobs.perform import Desk
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from mta_assets.state.jobs import Jobs
from mta_assets.state.store import StateStore
from tests.sending import send

WORLD = World(touchpoints=3_000, days=10, first_day=date(2026, 3, 1), dirty_share=0.02)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """Touchpoints, conversions and spend of a shop, by name."""
    return {path.name: path for path in write_table(WORLD, tmp_path_factory.mktemp("simulated"))}


@pytest.fixture
def store(tmp_path):
    made = StateStore(f"sqlite:///{tmp_path}/state.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def desk(store, tmp_path):
    said = []
    return Desk(jobs=Jobs(store), uploads=tmp_path / "uploads", config=Config(), say=said.append)


@pytest.fixture
def sent(desk, simulated):
    """Has a client send files, given name -> content, as the API does; the queued job. Without files: those of the shop."""

    def sent(options=None, **contents):
        files = {name.replace("_csv", ".csv"): text.encode() for name, text in contents.items()}
        return send(desk.jobs, desk.uploads, files or {name: path.read_bytes() for name, path in simulated.items()}, options=options)

    return sent


@pytest.fixture
def claimed(desk, sent):
    """As `sent`, and somebody has claimed the job to launch it."""

    def claimed(*args, **more):
        job = sent(*args, **more)
        return desk.jobs.claim(job.id, now=datetime.now(UTC))

    return claimed
