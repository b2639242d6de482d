"""Nothing that a full run writes for people to read names a user or shows a secret: logs, output, Dagster's own event log."""

import gzip
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import polars as pl
import pytest

from api import create_app
from api.services import make_services
from mta_assets.defs.analyses import ANALYZE_UPLOAD, run_request
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.settings import ApiSettings, Settings
from mta_assets.simulation.write import write_table
from mta_assets.state.jobs import Jobs
from tests.defs.dagster_shop import WORLD, Shop

PERSON = "person-"  # every user id begins so
PEPPER, JWT_SECRET = "pepper-of-the-test-" + "p" * 32, "jwt-secret-of-the-test-" + "j" * 32
QUIET = {"loggers": {"console": {"config": {"log_level": "DEBUG"}}}}


def persons(path: Path) -> bytes:
    """The simulated file with user ids that can be searched for."""
    frame = pl.read_csv(path, infer_schema=False)
    if "user_id" in frame.columns:
        frame = frame.with_columns(PERSON + pl.col("user_id"))
    return frame.write_csv().encode()


@pytest.fixture
def shop(tmp_path, logs):
    """A shop whose files name persons everywhere that a file can go wrong."""
    made = Shop(tmp_path)
    made.tell(f"sqlite:///{tmp_path}/state.db")
    for path in write_table(WORLD, tmp_path / "simulated"):
        land(made, f"{path.stem}/{path.name}", persons(path))
    head = b"user_id,ts,channel\n"
    land(made, "touchpoints/late.csv", head + b"".join(row.encode() for row in faults()))
    land(made, "touchpoints/headless.csv", f"{PERSON}1,2026-03-02T10:00:00Z,{PERSON}2\n".encode())
    land(made, "touchpoints/cut.csv.gz", gzip.compress(head + PERSON.encode() * 500)[:60])
    land(made, "touchpoints/ragged.csv", head + f'{PERSON}1,2026-03-02T10:00:00Z,email,{PERSON}2,{PERSON}3\n"{PERSON}open'.encode())
    land(
        made, "touchpoints/broken.ndjson", f'{{"user_id": "{PERSON}1", "ts": "2026-03-02T10:00:00Z", \n{{"user_id": {PERSON}2}}\n'.encode()
    )
    yield made
    made.instance.dispose()


def faults():
    yield f"{PERSON}{'x' * 5_000},2026-03-02T10:00:00Z,email\n"
    yield f"{PERSON}7\x01,2026-03-02T10:00:00Z,email\n"
    yield f"{PERSON}8,{PERSON}8,email\n"
    yield f"{PERSON}9,1999-03-02T10:00:00Z,{PERSON}9\n"


def land(shop, name, content):
    path = shop.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def app(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_LOG_REQUESTS", "all")
    where = {"landing": shop.landing, "uploads": tmp_path / "uploads", "config": tmp_path / "mta.yaml"}
    settings = Settings(lake=str(tmp_path / "lake"), state_url=f"sqlite:///{tmp_path}/state.db", **where)
    services = make_services(settings, ApiSettings(pepper=PEPPER, jwt_secret=JWT_SECRET))
    yield create_app(services)
    services.close()


def test_no_log_and_no_event_of_a_full_run_names_a_user_or_shows_a_secret(shop, app, logs, capfd, caplog, tmp_path):
    runs = pipeline(shop)
    services = app.extensions["mta"]
    key = services.keys.create(owner="acme", name="k", role="admin", now=services.now())[1]
    secrets = use(app.test_client(), key, SAMPLE) | {key.split("_", 2)[2], PEPPER, JWT_SECRET}
    runs += analyses(shop, services)
    assert runs >= 5
    written = all_that_was_written(shop, logs, capfd, caplog, tmp_path)
    assert {"logs/application.log", "logs/security.log", "logs/performance.log", "logs/business.log"} <= set(written)
    assert sum(len(text) for name, text in written.items() if name.endswith(".db")) > 50_000
    assert leaks(written, {PERSON}) == {}
    assert leaks(written, secrets) == {}


def pipeline(shop):
    """Run everything; how many runs it took."""
    results = [shop.run("ingest")]
    while pending := pending_work(shop.resource.lake):
        results.append(shop.run(pending[0].job, pending[0].days))
    assert all(result.success for result in results)
    return len(results)


SAMPLE = (
    "user_id,ts,channel,conversion,value\n"
    f"{PERSON}1,2026-03-01T10:00:00Z,email,0,\n{PERSON}1,2026-03-02T10:00:00Z,search,1,19.99\n{PERSON}2,{PERSON}2,email,0,\n"
).encode()


def use(client, key, content):
    """Everything that a client does with keys, good and bad, and with files. The secrets that were sent or received."""
    good, claims = (
        {"X-API-Key": key},
        {"sub": "anna@example.org", "aud": "mta", "exp": datetime.now(UTC) + timedelta(hours=1), "scope": "results:read"},
    )
    token = jwt.encode(claims, JWT_SECRET, "HS256")
    forged = jwt.encode(claims, "another-secret-" + "f" * 32, "HS256")
    wrong = key[:-8] + "00000000"
    for headers in (
        {"X-API-Key": wrong},
        {"X-API-Key": "mta_nobody12_" + "n" * 43},
        *({"Authorization": f"Bearer {each}"} for each in (token, forged)),
    ):
        client.get("/v1/attribution/linear", headers=headers)
    made = client.post("/v1/keys", json={"owner": "bi", "name": "reports", "role": "viewer"}, headers=good).json["key"]
    hook = client.post("/v1/webhooks", json={"url": "https://example.org/hook", "events": ["job.finished"]}, headers=good).json["secret"]
    for path, query in (("analyze", {}), ("analyze", {"mode": "job"}), ("validate", {})):
        answer = client.post(
            f"/v1/attribution/{path}", query_string=query, data={"file": (io.BytesIO(content), "events.csv")}, headers=good
        )
        assert answer.status_code in {200, 202}, answer.text
    client.post("/v1/attribution/analyze", data={"file": (io.BytesIO(content[:40] + b"\xff\xfe\x00"), f"{PERSON}file.csv")}, headers=good)
    client.post(
        "/v1/attribution/analyze", data={"file": (io.BytesIO(f"{PERSON}1,{PERSON}2\n{PERSON}3,x\n".encode()), "headless.csv")}, headers=good
    )
    assert client.get(f"/v1/jobs/{PERSON}1", headers=good).status_code == 404
    assert client.get("/v1/attribution/linear", headers=good).status_code == 200
    return {
        wrong.split("_", 2)[2],
        "n" * 43,
        token.split(".")[2],
        forged.split(".")[2],
        made.split("_", 2)[2],
        hook.removeprefix("whsec_"),
        "anna@example.org",
    }


def analyses(shop, services):
    """Do what the client has asked for, as the daemon does; how many runs it took."""
    shop.tell(services.settings.state_url, services.settings.uploads)
    jobs = Jobs(services.store)
    queued = jobs.queued()
    for job in queued:
        claimed = jobs.claim(job.id, now=services.now())
        request = run_request(claimed)
        done = shop.defs.resolve_job_def(ANALYZE_UPLOAD).execute_in_process(
            instance=shop.instance, tags=request.tags, run_config=request.run_config | QUIET, raise_on_error=False
        )
        assert done.success
        assert jobs.get(job.id, None).state == "succeeded"
    assert len(queued) == 1
    return len(queued)


def all_that_was_written(shop, logs, capfd, caplog, tmp_path):
    """name -> text of logs, of standard output and error, and of every row of Dagster's storage."""
    written = {f"logs/{path.name}": path.read_text() for path in (tmp_path / "logs").iterdir()}
    said = capfd.readouterr()
    written |= {"stdout": said.out, "stderr": said.err, "records": caplog.text}
    for home in tmp_path.glob("dagster-*"):
        for path in home.rglob("*"):
            if path.suffix == ".db":
                written[str(path.relative_to(tmp_path))] = rows_of(path)
            elif path.is_file() and not path.name.endswith(("-wal", "-shm")):
                written[str(path.relative_to(tmp_path))] = path.read_text(errors="replace")
    return written


def rows_of(path):
    with sqlite3.connect(path) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in database.execute(f'SELECT * FROM "{table}"')]  # noqa: S608  its own names
    database.close()
    return json.dumps(rows, default=str)


def leaks(written, words):
    """name -> what stands around the first of these words in it."""
    found = {}
    for name, text in written.items():
        for word in words:
            if word in text:
                at = text.index(word)
                found[name] = text[max(0, at - 120) : at + 80]
    return found


def test_the_search_finds_what_it_is_to_find(tmp_path):
    assert leaks({"a": f"xx {PERSON}1 yy"}, {PERSON}) == {"a": f"xx {PERSON}1 yy"}
