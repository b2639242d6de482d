"""Every table that a lake has whatever its models are, in the order in which data flow. The tables themselves are in the other modules here."""

from mta_assets.contracts.advice import ADVICE
from mta_assets.contracts.bands import UNCERTAINTY
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.profiles import PROFILES
from mta_assets.contracts.scorecard import SCORECARDS
from mta_assets.contracts.tables import (
    CONFLICTS,
    CORE,
    ERASED,
    FILES,
    JOURNEYS,
    MARTS,
    QUARANTINE,
    RESTATEMENTS,
    RETIRED,
    STAGED,
    STATISTICS,
    UNCONSENTED,
)

# What follows from nothing else that the lake holds: only a copy, or the landed files, can bring it back.
GIVEN = (FILES, QUARANTINE, ERASED, *STAGED.values(), RETIRED)

FIXED_TABLES = (
    FILES,
    QUARANTINE,
    ERASED,
    *STAGED.values(),
    *CORE.values(),
    UNCONSENTED,
    CONFLICTS,
    RESTATEMENTS,
    RETIRED,
    JOURNEYS,
    *STATISTICS,
    *MARTS,
    *PROFILES,
    *UNCERTAINTY,
    *ADVICE,
    INCREMENTALITY,
    *SCORECARDS,
)
