"""Facts about `mta up` as a keeper of processes. Small servers stand in for Dagster, which takes half a minute to start."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.api.live import free_port

# The real command, with other processes to keep. A process may end by itself: the daemon does, when told to.
KEEPER = """
import sys
from mta_assets.cli import mta, up
port, api_port, daemon = sys.argv[1:]
up._commands = lambda host, port: {
    "Dagster UI": (sys.executable, "-m", "http.server", str(port), "--bind", host),
    "Dagster daemon": (sys.executable, "-c", daemon),
    "API": (sys.executable, "-m", "http.server", api_port, "--bind", host),
}
mta(["up", "--port", port, "--api-port", api_port])
"""


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def api_port():
    return free_port()


def keeper(port, api_port, daemon):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", KEEPER, str(port), str(api_port), daemon], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answers(port):
    with socket.socket() as visitor:
        visitor.settimeout(2)
        return visitor.connect_ex(("127.0.0.1", port)) == 0


def test_ctrl_c_stops_them_all_and_is_the_normal_end(port, api_port, place):
    with keeper(port, api_port, "import time; time.sleep(600)") as process:
        said = ""
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
        assert f"http://localhost:{port}" in said
        assert f"http://localhost:{api_port}" in said
        assert answers(port)
        assert answers(api_port)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert said.rstrip().endswith("Stopped.")
    assert not answers(port)
    assert not answers(api_port)
    assert (place / "dagster_home" / "dagster.yaml").exists()
    assert (place / ".mta" / "landing").is_dir()
    assert (place / ".mta" / "lake" / "core" / "journeys").is_dir()


def test_when_one_dies_the_others_are_stopped_and_the_exit_code_says_so(port, api_port):
    with keeper(port, api_port, "import sys, time; time.sleep(1); sys.exit(3)") as process:
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "The Dagster daemon ended with exit code 3" in errors
    time.sleep(0.1)
    assert not answers(port)
    assert not answers(api_port)


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_port_that_is_taken_is_refused_before_anything_starts(run, option, port, api_port):
    ports = {"--port": port, "--api-port": api_port}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[option]))
        taken.listen()
        refused = run("up", *(word for name, number in ports.items() for word in (name, number)))
    assert refused.exit_code == 2
    assert f"with {option} or" in refused.stderr
