"""What every test may count on: it has no Dagster home but one of its own making."""

import os

import pytest

pytest_plugins = ["tests.servers", "tests.logs", "tests.stores", "tests.once", "tests.api.lakes"]
os.environ.pop("DAGSTER_HOME", None)  # before the fixtures of modules run


@pytest.fixture(autouse=True)
def no_dagster_home(monkeypatch):
    """What a command that ran in this process has set does not reach the next test."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


def pytest_make_parametrize_id(config, val, argname):
    """Bytes name no test: they may differ between processes (a gzip says when it was made), and processes that share the tests compare the names."""
    return argname if isinstance(val, bytes) else None
