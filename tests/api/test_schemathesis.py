"""schemathesis over the whole specification and the real server: every check, in all its phases, as an administrator and as nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.live import live_server

ROOT = Path(__file__).parents[2]
# `make fuzz` asks for more.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "4")
UNLIMITED = 10**9
LIMITS = ("per_hour", "total_per_minute", "address_per_minute", "uploads_per_hour", "failures")


@pytest.fixture(scope="module")
def server(tmp_path_factory, filled):
    settings = {f"limit_{name}": UNLIMITED for name in LIMITS} | {"concurrent_analyses": UNLIMITED}
    with live_server(tmp_path_factory.mktemp("api"), lake=filled, workers=1, threads=8, **settings) as url:
        yield url


@pytest.mark.parametrize("credentials", [["--header", "X-API-Key: dev-api-key"], []], ids=["administrator", "nobody"])
def test_schemathesis_finds_nothing(server, tmp_path, credentials):
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", str(ROOT / "tests/api/schemathesis.toml"), "run"]
    asked = [f"{server}/openapi.json", "--max-examples", EXAMPLES, "--no-color", *credentials]
    done = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "\n".join(line[:500] for line in done.stdout.splitlines()) + done.stderr
