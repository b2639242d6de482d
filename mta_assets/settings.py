"""The only reader of the environment: where things are. What is structured (sources, rules, models) lives in `mta.yaml`, read by `config`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables, each with the prefix `MTA_`. With none set, everything lives under `.mta/` in the current folder."""

    model_config = SettingsConfigDict(env_prefix="MTA_", frozen=True, extra="ignore")

    lake: str = Field(".mta/lake", description="Where the tables are: a folder or an object-store URL (s3://, gs://, az://).")
    landing: Path = Field(Path(".mta/landing"), description="The folder that raw files are dropped into, one sub-folder per source.")
    state_url: str = Field(
        "sqlite:///.mta/state.db",
        description="The SQL state store (API keys, jobs, audit, webhooks): sqlite:///file or postgresql://user:password@host/database.",
    )
    uploads: Path = Field(Path(".mta/uploads"), description="Where files that API clients send, and what their analyses found, are kept.")
    config: Path = Field(Path("mta.yaml"), description="The YAML file with sources, channel rules, goals and models; may be absent.")
    sensor_seconds: int = Field(30, ge=1, description="How often the landing and restatement sensors look, in seconds.")
    dagster_postgres_url: str = Field(
        "", description="postgresql://... for Dagster's own storage; empty keeps it in SQLite under DAGSTER_HOME."
    )
    ui_port: int = Field(3000, ge=1, le=65535, description="The port of the Dagster UI that `mta up` starts.")
    dagster_home: Path = Field(
        Path("dagster_home"),
        validation_alias="DAGSTER_HOME",
        description="Where Dagster keeps its runs and its dagster.yaml (its own variable, no prefix).",
    )
