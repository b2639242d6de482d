"""What a view of the marts has in common: an answer with its version, pages and cache. No question of its own."""

from collections.abc import Callable, Mapping
from typing import Final

from flask import Response

from api.paging import window
from api.representations import Result
from api.schemas.results import Page
from api.services import services
from api.serving import served
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.columns import Table
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE, RESTATEMENTS, SPEND_DAILY
from mta_assets.results.questions import Answer

CREDIT_TABLES: Final = (CHANNEL_DAILY, RESTATEMENTS)
PERFORMANCE_TABLES: Final = (CHANNEL_PERFORMANCE, BANDS, CHANNEL_DAILY, SPEND_DAILY, RESTATEMENTS)
INCREMENTALITY_TABLES: Final = (INCREMENTALITY, CHANNEL_DAILY, RESTATEMENTS)


def version_of(tables: tuple[Table, ...]) -> Callable[[], str]:
    """Tells the version of tables that are held in memory."""
    snapshots = services().marts.snapshots
    return lambda: snapshots.version_of(*tables)


def answered(
    query: Page, version: Callable[[], str], money: Callable[[str], bool], ask: Callable[[], tuple[Answer, Mapping[str, object]]]
) -> Response:
    """The answer to a question. version: of the tables it is made of; money: which columns are amounts; ask: the answer, and what more to say of it."""

    def compute(version: str) -> Result:
        page = window(query.cursor, query.limit, version)
        answer, more = ask()
        days = answer.days
        about = {
            **more,
            "start": days and days.first,
            "end": days and days.last,
            "provisional": answer.provisional,
            "table_version": version,
        }
        return Result(frame=answer.frame, money=frozenset(filter(money, answer.frame.columns)), about=about, page=page)

    return served(
        version=version,
        parameters=query,
        seconds=services().api.cache_results_seconds,
        compute=compute,
        alike=True,
    )
