"""What `mta.yaml` may say, with its defaults: one pydantic model per section, errors that name the line's path. No environment, no I/O beyond the one file."""

import math
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from mta_assets.config_advice import AdviceConfig
from mta_assets.config_alerts import AlertsConfig
from mta_assets.config_checks import ChecksConfig
from mta_assets.config_experiments import ExperimentsConfig
from mta_assets.config_freshness import FreshnessConfig
from mta_assets.config_privacy import PrivacyConfig
from mta_assets.config_retention import RetentionConfig
from mta_assets.config_section import Section, Timezone
from mta_assets.errors import ConfigError

Kind = Literal["touchpoints", "conversions", "spend", "event_log"]
Format = Literal["auto", "csv", "json", "ndjson", "parquet"]


class SourceConfig(Section):
    """One declared source of raw files."""

    kind: Kind = Field(
        description="What a row is: a touchpoint, a conversion, a day's spend, or (event_log) a touchpoint that may be a conversion too."
    )
    glob: str = Field(description="Which files of the landing folder belong to it, e.g. 'web/*.csv.gz'.")
    format: Format = Field("auto", description="How the content is to be read; auto looks at it. Compression is always found out.")
    columns: dict[str, str] = Field(default_factory=dict, description="Our column name -> theirs, e.g. user_id: customer_id.")
    defaults: dict[str, str] = Field(default_factory=dict, description="Our column name -> the value of every row that has none.")
    timezone: Timezone = Field("UTC", description="The zone of times that carry no offset.")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="CSV; detected when absent.")
    quote: str = Field('"', min_length=1, max_length=1, description="CSV.")
    encoding: str | None = Field(None, description="Text; detected (BOM, then UTF-8, then by content) when absent.")
    visit_is_touch: bool = Field(True, description="event_log: whether a conversion row's channel counts as a touch of its own.")


class ChannelRule(Section):
    """One rule of the channel rule set; every stated condition must hold. Patterns are case-insensitive regular expressions for the whole value."""

    channel: str = Field(min_length=1, description="The channel that a matching row gets.")
    source: str | None = Field(None, description="Pattern for the source; the referring host where a row has a referrer only.")
    medium: str | None = Field(None, description="Pattern for the medium; 'referral' where a row has a referrer only.")
    campaign: str | None = Field(None, description="Pattern for the campaign.")
    referrer: str | None = Field(None, description="Pattern for the host of the referrer, without www.")
    source_category: Literal["search", "shopping", "social", "video"] | None = Field(
        None, description="The kind of site that the source or referrer is."
    )


class ChannelsConfig(Section):
    """Rules put before the published default rule set."""

    rules: tuple[ChannelRule, ...] = Field((), description="Your own rules, in order; the first that matches wins.")
    default_rules: bool = Field(True, description="Whether the GA4 default channel group follows your own rules.")


class MilestonesConfig(Section):
    """Which goals mark a stage of the funnel. A goal named here is a milestone and is not itself credited."""

    lead: str | None = Field(None, description="The goal that makes a lead, e.g. sign_up.")
    opportunity: str | None = Field(None, description="The goal that makes an opportunity, e.g. add_to_cart.")

    @property
    def stages(self) -> dict[str, str]:
        """The configured stages: lead | opportunity -> goal."""
        return {stage: goal for stage, goal in (("lead", self.lead), ("opportunity", self.opportunity)) if goal}


class Config(Section):
    """All of `mta.yaml`. Every key is optional; the defaults work for files that already use our column names."""

    version: Literal[1] = Field(1, description="The version of this file's format.")
    reporting_timezone: Timezone = Field("UTC", description="The zone in which days are cut.")
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="ISO 4217; for rows that name none.")
    earliest_day: date = Field(date(2015, 1, 1), description="The first day the lake keeps; earlier rows are quarantined.")
    latest_ahead_hours: float = Field(
        24, ge=0, description="How far a row's time may lie ahead of the clock at ingest; later rows are quarantined."
    )
    clock_back_hours: float = Field(
        24, ge=0, description="How far the clock may be behind the newest file that was ingested; beyond that, nothing is ingested."
    )
    lookback_days: float = Field(30, gt=0, le=730, description="How long before a conversion a touch still counts.")
    restart_after_conversion: bool = Field(
        False, description="Whether a conversion ends the journey, so that no touch serves two conversions."
    )
    settle_days: int = Field(3, ge=0, description="A day is provisional until the data reach this many days past it.")
    fit_window_days: int = Field(
        90, ge=1, le=1096, description="How many closing days a learned model looks back on, the day itself included."
    )
    band_level: float = Field(
        0.9,
        ge=0.5,
        le=0.99,
        description="The level of confidence bands: of how many samples of users one is to hold what all users would give.",
    )
    touch_kinds: tuple[Literal["click", "view", "visit"], ...] = Field(
        ("click", "view", "visit"), min_length=1, description="Which kinds of touch may earn credit."
    )
    sources: dict[str, SourceConfig] = Field(
        default_factory=dict, description="Name -> source. The first whose glob matches takes a file; without any, one folder per kind."
    )
    channels: ChannelsConfig = Field(ChannelsConfig(), description="How a row without a channel gets one.")
    milestones: MilestonesConfig = Field(MilestonesConfig(), description="Which goals mark a stage of the funnel.")
    freshness: FreshnessConfig = Field(FreshnessConfig(), description="How old data may be before they are called late or stale.")
    checks: ChecksConfig = Field(ChecksConfig(), description="When the checks of the data speak up.")
    alerts: AlertsConfig = Field(AlertsConfig(), description="Who hears of what is wrong.")
    advice: AdviceConfig = Field(AdviceConfig(), description="How large an experiment is proposed.")
    privacy: PrivacyConfig = Field(PrivacyConfig(), description="How little is kept and shown of single users.")
    experiments: ExperimentsConfig = Field(ExperimentsConfig(), description="What holdouts and geo-lifts showed of channels.")
    retention: RetentionConfig = Field(RetentionConfig(), description="How many days of each table the lake keeps.")
    models: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Model or variant name -> parameters; a variant names its model with 'model'."
    )

    @property
    def lookback_us(self) -> int:
        """The lookback in microseconds, as the journey kernel counts."""
        return round(self.lookback_days * 86_400_000_000)

    @property
    def reach_days(self) -> int:
        """How many days before a day its results may depend on: a core day changes closings of two lookbacks, and these the fits that reach them."""
        return 2 * math.ceil(self.lookback_days) + 1 + self.fit_window_days

    @model_validator(mode="after")
    def _events_are_kept_for_longer_than_results_reach(self) -> "Config":
        kept = self.retention.events_days
        if kept is not None and kept <= self.reach_days + self.settle_days:
            raise ValueError(
                f"retention.events_days must be above {self.reach_days + self.settle_days}: two lookbacks, fit_window_days and settle_days, without which "
                "the newest days could not be computed"
            )
        return self

    @property
    def declared_sources(self) -> dict[str, SourceConfig]:
        """The sources in force: those of the file, or one folder per kind when the file declares none."""
        return self.sources or {
            kind: SourceConfig(kind=kind, glob=f"{kind}/*") for kind in ("touchpoints", "conversions", "spend", "event_log")
        }


def load_config(path: Path) -> Config:
    """The configuration of `path`, or the defaults when it does not exist. Raises ConfigError that names each wrong key."""
    if not path.exists():
        return Config()
    try:
        return _beside(path, parse_config(yaml.safe_load(path.read_text(encoding="utf-8")) or {}, name=str(path)))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error


def _beside(path: Path, config: Config) -> Config:
    """The configuration with the file of experiments found from the folder of `mta.yaml`."""
    if config.experiments.file is None:
        return config
    return config.model_copy(
        update={"experiments": config.experiments.model_copy(update={"file": str(path.absolute().parent / config.experiments.file)})}
    )


def parse_config(document: dict[str, Any], name: str = "mta.yaml") -> Config:
    """The configuration that a parsed document says. Raises ConfigError that names each wrong key."""
    if not isinstance(document, dict):
        raise ConfigError(f"{name} must be a mapping of settings at its top; see docs/data.md for the keys.")
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        lines = [f"  {'.'.join(str(part) for part in problem['loc']) or '(top)'}: {problem['msg']}" for problem in error.errors()]
        raise ConfigError(f"{name} has {len(lines)} wrong setting(s):\n" + "\n".join(lines)) from error
