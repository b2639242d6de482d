"""Dagster's home, for the commands that run Dagster: made when it is not there. No Dagster is imported here."""

from pathlib import Path

from mta_assets.settings import Settings

# For a home that has none: outside the repository, whose own file says more.
DAGSTER_YAML = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"


def prepared_home(settings: Settings) -> Path:
    """The absolute path of Dagster's home, with a configuration in it."""
    home = settings.dagster_home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_text(DAGSTER_YAML, encoding="utf-8")
    return home
