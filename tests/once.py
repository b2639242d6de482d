"""What takes long to make and is not to be changed, made once for all processes that share the tests."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mta_assets.lake.lock import Lock


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, Callable[[Path], Any]], Any]:
    """Gives what a function makes in an empty folder: the first process that asks for the name makes it, and the others wait and are given a copy of it."""
    own = tmp_path_factory.getbasetemp()
    of_all = own if worker_id == "master" else own.parent

    def give(name: str, make: Callable[[Path], Any]) -> Any:
        kept = of_all / f"{name}.pickle"
        with Lock(of_all / f"{name}.lock").taken():
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make(tmp_path_factory.mktemp(name))))
            return pickle.loads(kept.read_bytes())  # noqa: S301  our own

    return give
