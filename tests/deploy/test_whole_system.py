"""The system of docker-compose.yml: every command of our containers runs as it says, on a real Postgres, Redis and nginx, and becomes healthy."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.containers import TOP, Containers, why_not
from tests.servers import postgres_binaries, redis_binary

SECONDS = 900  # for what takes one minute on a machine that has nothing else to do
pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Everything started, in the order that the compose file gives, and healthy by its own health checks."""
    folder = tmp_path_factory.mktemp("system")
    subprocess.run([TOP / "deploy/secrets.sh", "localhost", folder / "secrets"], check=True, capture_output=True)
    (folder / "landing").mkdir()
    programs = (str(Path(redis_binary()).parent), str(postgres_binaries(folder)))
    with Containers(folder, {"MTA_SENSOR_SECONDS": "2", "MTA_API_WORKERS": "2"}, programs) as containers:
        start_postgres(containers)
        containers.start("redis")
        wait_for(containers, "redis")
        for once in ("migrate", "metrics-key"):
            ended = containers.run(once)
            assert ended.returncode == 0, ended.stderr
        for name in ("code-location", "daemon", "watch", "webserver", "api"):
            containers.start(name)
            if name == "code-location":
                wait_for(containers, name)
        if shutil.which("nginx"):
            wait_for(containers, "api")
            containers.start("nginx")
        yield containers


def start_postgres(containers):
    """What the entrypoint of Postgres' image does: the data folder, the user with its password, the databases, the server."""
    data = containers.services["postgres"]["volumes"][0].split(":")[1]
    initdb = f"initdb -D {data} -U mta -A scram-sha-256 --pwfile=/run/secrets/postgres_password -E UTF8 --no-sync".split()
    made = containers.run("postgres", initdb)
    assert made.returncode == 0, made.stderr
    containers.start("postgres", ["postgres", "-D", data, "-c", "fsync=off", "-c", "listen_addresses=*"])
    deadline = time.monotonic() + SECONDS
    while containers.run("postgres", [*psql(containers, "postgres"), "-c", "SELECT 1"]).returncode and time.monotonic() < deadline:
        time.sleep(0.2)
    for asked in (["-c", "CREATE DATABASE mta"], ["-f", "/docker-entrypoint-initdb.d/databases.sql"]):
        ended = containers.run("postgres", [*psql(containers, "postgres"), "-v", "ON_ERROR_STOP=1", *asked])
        assert ended.returncode == 0, ended.stderr
    wait_for(containers, "postgres")


def psql(containers, database):
    password = (containers.folder / "secrets/postgres_password").read_text()
    return ["env", f"PGPASSWORD={password}", "psql", "-h", "postgres", "-U", "mta", "-d", database]


def wait_for(containers, name):
    """Until the service's health check passes."""
    deadline = time.monotonic() + SECONDS
    said = "it has ended"
    while containers.alive(name) and time.monotonic() < deadline:
        good, said = containers.healthy(name)
        if good:
            return
        time.sleep(1)
    raise AssertionError(f"{name} is not healthy: {said}\n{containers.log(name)[-5_000:]}")


@pytest.mark.parametrize("name", ["code-location", "daemon", "watch", "webserver", "api", "nginx"])
def test_every_service_of_ours_becomes_healthy(system, name):
    if name == "nginx" and not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    wait_for(system, name)


def test_prometheus_is_let_in_by_the_key_that_was_made_for_it(system):
    read = 'curl -s -H "X-API-Key: $(cat /var/lib/mta/keys/prometheus)" http://api:8000/metrics'
    answer = system.run("prometheus", ["sh", "-c", read]).stdout
    assert "mta_" in answer, answer
    assert system.run("metrics-key").stdout == "/var/lib/mta/keys/prometheus has a key that works.\n"
