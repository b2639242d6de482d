"""Facts about `mta up` as a keeper of two processes. Small servers stand in for Dagster, which takes half a minute to start."""

import signal
import socket
import subprocess
import sys
import time

import pytest

# The real command, with other processes to keep. A process may end by itself: the daemon does, when told to.
KEEPER = """
import sys
from mta_assets.cli import mta, up
port, daemon = sys.argv[1:]
up._commands = lambda host, port: {
    "Dagster UI": (sys.executable, "-m", "http.server", str(port), "--bind", host),
    "Dagster daemon": (sys.executable, "-c", daemon),
}
mta(["up", "--port", port])
"""


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def keeper(port, daemon):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", KEEPER, str(port), daemon], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answers(port):
    with socket.socket() as visitor:
        visitor.settimeout(2)
        return visitor.connect_ex(("127.0.0.1", port)) == 0


def test_ctrl_c_stops_both_and_is_the_normal_end(port, place):
    with keeper(port, "import time; time.sleep(600)") as process:
        said = ""
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
        assert f"http://localhost:{port}" in said
        assert answers(port)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert said.rstrip().endswith("Stopped.")
    assert not answers(port)
    assert (place / "dagster_home" / "dagster.yaml").exists()
    assert (place / ".mta" / "landing").is_dir()
    assert (place / ".mta" / "lake" / "core" / "journeys").is_dir()


def test_when_one_dies_the_other_is_stopped_and_the_exit_code_says_so(port):
    with keeper(port, "import sys, time; time.sleep(1); sys.exit(3)") as process:
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "The Dagster daemon ended with exit code 3" in errors
    time.sleep(0.1)
    assert not answers(port)


def test_a_port_that_is_taken_is_refused_before_anything_starts(run, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = run("up", "--port", port)
    assert refused.exit_code == 2
    assert "--port" in refused.stderr
