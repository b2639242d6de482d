"""Dagster's home, for the commands that run Dagster: made when it is not there. No Dagster is imported here."""

import os
import subprocess
import sys
from pathlib import Path

from mta_assets.settings import Settings

# The repository's own, which lies here by a link: a home elsewhere that has none gets the same.
DAGSTER_YAML = Path(__file__).parent / "dagster.yaml"
MIGRATE = """
import dagster
with dagster.DagsterInstance.get() as instance:
    instance.upgrade()
    instance.get_runs_count(), instance.all_asset_keys(), instance.all_instigator_state()
"""


def prepared_home(settings: Settings) -> Path:
    """The absolute path of Dagster's home, with a configuration in it: what is there is left as it is, so that it may be read-only."""
    home = settings.dagster_home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_bytes(DAGSTER_YAML.read_bytes())
    return home


def prepared_storage(home: Path) -> None:
    """Dagster's storage exists and is at the installed version's tables.

    Done once, before several processes create the same files and leave them with two versions, and in a process of its own.
    """
    subprocess.run((sys.executable, "-c", MIGRATE), env=os.environ | {"DAGSTER_HOME": str(home)}, check=True)  # noqa: S603  our own interpreter and code
