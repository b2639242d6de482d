"""The section `retention` of `mta.yaml`. What is removed, and what follows from it, is in docs/operations.md."""

from typing import Annotated

from pydantic import Field, model_validator

from mta_assets.config_section import Section

Days = Annotated[int, Field(ge=1)]


class RetentionConfig(Section):
    """How many days of each table the lake keeps, counted back from the newest day that has data. Nothing goes unless it is set."""

    events_days: Days | None = Field(
        None,
        description="Of staged and core events and spend. What else is of single users, journeys and credits, is kept for as long as it can be recomputed: "
        "two lookbacks and the fit window less.",
    )
    tables: dict[str, Days] = Field(
        default_factory=dict,
        description="Of tables without single users: a table, e.g. marts/channel_daily, or those of a layer, e.g. learned/*. Not fewer than events_days.",
    )
    quarantine_days: Days | None = Field(None, description="Of rejected rows, counted from when their file was read.")

    @model_validator(mode="after")
    def _nothing_goes_before_what_it_is_made_of(self) -> "RetentionConfig":
        fewest = min(self.tables.values(), default=None)
        if fewest is not None and (self.events_days is None or fewest < self.events_days):
            raise ValueError(
                "tables must not be kept for a shorter time than events (events_days): they would be recomputed from the events, and in part"
            )
        return self
