"""The only reader of the environment: where things are. What is structured (sources, rules, models) lives in `mta.yaml`, read by `config`."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from mta_assets.errors import ConfigError

SECRETS = "MTA_SECRETS"


class _Sources(BaseSettings):
    """Where values come from: the environment, then the files of the folder that MTA_SECRETS names."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources, the first that has a value deciding."""
        folder = os.environ.get(SECRETS)
        if folder and not Path(folder).is_dir():
            raise ConfigError(f"{SECRETS} names {folder}, which is no folder. Make it, or unset the variable.")
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder or None)


class Settings(_Sources):
    """Environment variables, each with the prefix `MTA_`. With none set, everything lives under `.mta/` in the current folder."""

    model_config = SettingsConfigDict(env_prefix="MTA_", frozen=True, extra="ignore")

    lake: str = Field(".mta/lake", description="Where the tables are: a folder or an object-store URL (s3://, gs://, az://).")
    landing: Path = Field(Path(".mta/landing"), description="The folder that raw files are dropped into, one sub-folder per source.")
    state_url: str = Field(
        "sqlite:///.mta/state.db",
        description="The SQL state store (API keys, jobs, audit, webhooks): sqlite:///file or postgresql://user:password@host/database, "
        "with ?sslmode=verify-full&sslrootcert=ca.pem over TLS.",
    )
    uploads: Path = Field(Path(".mta/uploads"), description="Where files that API clients send, and what their analyses found, are kept.")
    config: Path = Field(Path("mta.yaml"), description="The YAML file with sources, channel rules, goals and models; may be absent.")
    privacy_key: SecretStr = Field(
        SecretStr(""),
        description="The secret under which user ids are pseudonymised and erased users are recognised, at least 32 characters. Keep it outside "
        "the lake and its copies. Without it the pepper is used.",
    )
    privacy_keys_before: SecretStr = Field(
        SecretStr(""),
        description="Earlier values of MTA_PRIVACY_KEY, separated by commas: erased users and records of their time stay recognised.",
    )
    sensor_seconds: int = Field(30, ge=1, description="How often the landing and restatement sensors look, in seconds.")
    run_days: int = Field(
        92,
        ge=1,
        description="The most days that one run makes. A longer range, or a backfill, becomes several, between which the daily run has its turn.",
    )
    alert_seconds: int = Field(
        30, ge=1, le=60, description="How often the daemon, or `mta alerts watch`, looks for what is wrong, in seconds."
    )
    webhook_seconds: int = Field(5, ge=1, description="How often the daemon sends what webhooks are to be told, in seconds.")
    webhook_timeout_seconds: int = Field(10, ge=1, le=30, description="How long the receiver of a webhook may take for its answer.")
    webhook_private: bool = Field(
        False, description="Whether webhooks may go to addresses that are not public, such as this machine or its network."
    )
    dagster_postgres_url: str = Field(
        "", description="postgresql://... for Dagster's own storage; empty keeps it in SQLite under DAGSTER_HOME."
    )
    keep_jobs_days: int = Field(30, ge=1, description="How long a job and what it found are kept after its end, in days.")
    keep_audit_days: int = Field(365, ge=1, description="How long the audit log is kept, in days.")
    keep_deliveries_days: int = Field(30, ge=1, description="How long deliveries of webhooks are kept after their end, in days.")
    keep_checks_days: int = Field(30, ge=1, description="How long what a check found is kept, in days; its latest finding always is.")
    keep_alerts_days: int = Field(
        90, ge=1, description="How long an alert is kept after it was resolved, and what was told of it, in days."
    )
    tracing: bool = Field(
        False, description="Whether spans are sent by OTLP to where OTEL_EXPORTER_OTLP_ENDPOINT says; needs the extra `tracing`."
    )
    keep_versions_hours: int = Field(
        168,
        ge=1,
        description="How long files that only older versions of the lake's tables need are kept, in hours: longer than any reading or run.",
    )
    keep_runs_days: int = Field(
        30, ge=1, description="How long Dagster keeps what its runs logged, in days; what they made of a day stays."
    )
    ui_port: int = Field(3000, ge=1, le=65535, description="The port of the Dagster UI that `mta up` starts.")
    secrets: Path | None = Field(
        None,
        description="A folder with a file for each variable that is better not in the environment, named as the variable: mta_state_url. "
        "The environment goes first.",
    )
    dagster_home: Path = Field(
        Path("dagster_home"),
        validation_alias="DAGSTER_HOME",
        description="Where Dagster keeps its runs and its dagster.yaml (its own variable, no prefix).",
    )


class LogSettings(BaseSettings):
    """Environment variables of the log, each with the prefix `MTA_LOG_`. With none set every process writes JSON lines to its standard output.

    Apart from `Settings`, since processes that read what clients send get these and no other, and without files of secrets, since none is one.
    """

    model_config = SettingsConfigDict(env_prefix="MTA_LOG_", frozen=True, extra="ignore")

    folder: str = Field(
        "", description="The folder of application.log, security.log, performance.log and business.log; empty writes to standard output."
    )
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least grave lines that are written.")
    file_mb: int = Field(50, ge=1, description="How large a file becomes before the next is begun, in MB of 1,000,000 bytes.")
    files: int = Field(10, ge=1, description="How many full files of each stream are kept.")
    requests: Literal["none", "slow", "all"] = Field(
        "slow", description="Which requests of the API leave a line in the performance stream."
    )
    slow_ms: int = Field(1_000, ge=0, description="From how many milliseconds on a request is slow.")


class ApiSettings(_Sources):
    """Environment variables of the API, each with the prefix `MTA_API_`. With none set it is in development mode, on this machine only."""

    model_config = SettingsConfigDict(env_prefix="MTA_API_", frozen=True, extra="ignore")

    mode: Literal["development", "production"] = Field(
        "development", description="In development `dev-api-key` is an admin's key and a missing pepper is made; production refuses both."
    )
    host: str = Field("127.0.0.1", description="The address that `mta api` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The port that `mta api` listens on.")
    workers: int = Field(2, ge=1, description="Server processes.")
    threads: int = Field(16, ge=1, description="Threads of each server process.")
    tls_certificate: Path | None = Field(
        None,
        description="A PEM file with the server's certificate and those between it and its root; with it, the API speaks TLS 1.2 or 1.3 only.",
    )
    tls_key: Path | None = Field(None, description="The PEM file with the private key of MTA_API_TLS_CERTIFICATE.")
    proxy_hops: int = Field(0, ge=0, description="Proxies in front whose X-Forwarded-* headers are believed; 0 believes none.")
    pepper: SecretStr = Field(SecretStr(""), description="The server-side secret under which API keys are stored, at least 32 characters.")
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="redis://host:port/0 for limits and cache shared by all workers, rediss:// over TLS; empty keeps them in memory.",
    )
    jwt_secret: SecretStr = Field(SecretStr(""), description="The shared secret (HS256) of bearer tokens; empty refuses such tokens.")
    jwks_url: str = Field("", description="Where the public keys (RS256, ES256) of bearer tokens are; empty refuses such tokens.")
    jwt_issuer: str = Field("", description="The issuer (iss) that a bearer token must name; empty asks for none.")
    jwt_audience: str = Field("mta", description="The audience (aud) that a bearer token must name.")
    limit_per_hour: int = Field(1_000, ge=1, description="Requests an hour of a key that has no limit of its own.")
    limit_total_per_minute: int = Field(60_000, ge=1, description="Requests a minute of all callers together.")
    limit_address_per_minute: int = Field(60, ge=1, description="Requests a minute of one address without a key.")
    limit_uploads_per_hour: int = Field(120, ge=1, description="Files an hour that one key may send.")
    limit_failures: int = Field(10, ge=1, description="Failed authentications of one address before it is blocked.")
    block_seconds: int = Field(300, ge=1, description="How long an address is blocked, and how long a failure counts.")
    concurrent_analyses: int = Field(4, ge=1, description="Analyses of one owner that may wait or run at a time.")
    max_upload_mb: int = Field(100, ge=1, description="The largest request body, in MB of 1,000,000 bytes.")
    max_unpacked_mb: int = Field(1_000, ge=1, description="What a file may unpack to, or hold as Parquet, in MB of 1,000,000 bytes.")
    analysis_processes: int = Field(
        2, ge=1, description="Processes of each server process that read files, kept warm once they were needed."
    )
    analysis_memory_mb: int = Field(
        3_000, ge=1_000, description="Memory that reading one file may take, address space included; more ends it."
    )
    analysis_seconds: int = Field(60, ge=1, description="How long reading one file may take in a request; longer ends it.")
    inline_mb: int = Field(5, ge=0, description="Files up to this size, unpacked, are analysed at once; larger ones become a job.")
    docs: bool = Field(True, description="Whether everybody may read /openapi.json, /docs and /redoc; without, they are not there.")
    cors_origins: str = Field("", description="Origins whose pages may call the API, separated by commas; empty allows none.")
    metrics_on_loopback: bool = Field(
        False, description="Whether callers on this machine, behind no proxy, read /metrics without a key; others need health:read."
    )
    cache_results_seconds: int = Field(3_600, ge=0, description="How long an attribution result is kept.")
    cache_validation_seconds: int = Field(1_800, ge=0, description="How long the verdict on a file is kept.")
    cache_files_seconds: int = Field(7_200, ge=0, description="How long what is known of a file is kept.")
    cache_metrics_seconds: float = Field(
        10,
        ge=0,
        description="How long what /metrics says of the pipeline and the lake is kept, for all server processes; below the interval of scrapes.",
    )
    cache_methods_seconds: int = Field(86_400, ge=0, description="How long the list of models is kept.")


def variable(name: str) -> str | None:
    """The variable of this name, which `mta.yaml` refers to as ${NAME} in place of a secret, or the file of MTA_SECRETS named as it; None without either."""
    if value := os.environ.get(name):
        return value
    folder = os.environ.get(SECRETS)
    file = Path(folder) / name.lower() if folder else None
    return file.read_text(encoding="utf-8").strip() or None if file is not None and file.is_file() else None
