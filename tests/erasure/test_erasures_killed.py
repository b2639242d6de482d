"""An erasure that is killed at any moment is pending, and the next one that is begun ends where a calm one ends."""

import os
import subprocess
import sys

import pytest

from mta_assets.erasure.erase import erase_pending
from mta_assets.state.erasures import Erasures, Ids
from tests.erasure.erasing import ANN, FILES, KEYS, NOW, copy_of, results, shop, traces, without

# More than the default tries every tenth moment of the erasure.
MOMENTS = range(0, 150, 10) if int(os.environ.get("MTA_TEST_EXAMPLES", "2")) > 2 else (0, 14, 45)

# A process that begins the erasure that is pending and dies by SIGKILL instead of its n-th change: a commit, a purge, a landed file.
CHILD = """
import os, signal, sys
from pathlib import Path
from tests.erasure.erasing import KEYS, NOW, CONFIG, MODELS_IN_TEST
from mta_assets.erasure.erase import Places, erase_pending
from mta_assets.lake.lake import Lake
from mta_assets.state.store import StateStore

left = int(sys.argv[2])
def dying(change):
    def changed(*given, **named):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return change(*given, **named)
    return changed

Lake._commit, Lake.purge, Path.replace = dying(Lake._commit), dying(Lake.purge), dying(Path.replace)
folder = Path(sys.argv[1])
erase_pending(Places(lake=Lake(str(folder / "lake")), config=CONFIG, models=MODELS_IN_TEST, landing=folder / "landing", uploads=folder / "uploads",
                     store=StateStore(f"sqlite:///{folder}/state.db"), keys=KEYS), lambda: NOW)
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The shop, and what it would be without her."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
        places = shop(folder / "shop")
        Erasures(places.store, KEYS).ask(Ids(user_ids=(ANN,)), requested_by="the test", now=NOW)
        places.store.close()
        return places, results(shop(folder / "scratch", without(FILES)).lake)


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_is_pending_and_the_next_one_ends_it(before, tmp_path, monkeypatch, moment):
    monkeypatch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
    places, expected = before
    here = copy_of(places, tmp_path / "shop")
    folder = here.landing.parent
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(moment)], capture_output=True, text=True, timeout=300, check=False
    )
    assert killed.returncode == -9, killed.stderr
    assert [erasure.state for erasure in Erasures(here.store, KEYS).unfinished()] == ["pending"]
    (done,) = erase_pending(here, lambda: NOW)
    assert (done.state, done.remaining) == ("done", ())
    assert done.counts["core/conversions"] == 3  # counted before the first row went
    assert done.counts["landing"] == 7
    assert traces(folder) == []
    for name, frame in results(here.lake).items():
        assert frame.equals(expected[name]), name
    assert list(folder.rglob("*.erasing")) == []
