"""Jobs of a small shop: a state store, an uploads folder, and files that clients sent."""

from datetime import UTC, date, datetime

import pytest

from mta_assets.analysis.run import Options
from mta_assets.config import Config
from mta_assets.jobs.asked import stated
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.perform import Desk
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from mta_assets.state.job import JobFile
from mta_assets.state.jobs import Jobs, new_job_id
from mta_assets.state.store import StateStore

WORLD = World(touchpoints=3_000, days=10, first_day=date(2026, 3, 1), dirty_share=0.02)
PARTS = {"touchpoints.csv": "file", "conversions.csv": "conversions", "spend.csv": "spend"}


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
def send(desk, simulated):
    """Has a client send files, given name -> content, as the API does; the queued job. Without files: those of the shop."""

    def send(options=None, owner="acme", **contents):
        sent = {name.replace("_csv", ".csv"): text.encode() for name, text in contents.items()}
        sent = sent or {name: path.read_bytes() for name, path in simulated.items()}
        folder, files = Folder.incoming(desk.uploads), []
        for name, content in sent.items():
            file = JobFile(stored=PARTS.get(name, "file"), given=name, kind="", size_bytes=len(content))
            folder.stored(file).write_bytes(content)
            files.append(file)
        id_ = new_job_id()
        folder.become(desk.uploads, id_)
        asked = {"owner": owner, "key_id": "k", "request_id": "r", "options": stated(options or Options())}
        return desk.jobs.create(**asked, files=files, now=datetime.now(UTC), id_=id_)

    return send


@pytest.fixture
def claimed(desk, send):
    """As `send`, and somebody has claimed the job to launch it."""

    def claimed(*args, **more):
        job = send(*args, **more)
        return desk.jobs.claim(job.id, now=datetime.now(UTC))

    return claimed
