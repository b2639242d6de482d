"""Dagster's home, for the commands that run Dagster: made when it is not there. No Dagster is imported here."""

from pathlib import Path

from mta_assets.settings import Settings

# The repository's own, which lies here by a link: a home elsewhere that has none gets the same.
DAGSTER_YAML = Path(__file__).parent / "dagster.yaml"


def prepared_home(settings: Settings) -> Path:
    """The absolute path of Dagster's home, with a configuration in it."""
    home = settings.dagster_home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_bytes(DAGSTER_YAML.read_bytes())
    return home
