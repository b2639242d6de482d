"""`/v1/journeys`: the paths, moves, stages and lengths of journeys, and the trail of one conversion."""

from collections.abc import Callable, Mapping
from typing import Final

from flask import Response

from api.representations import Result, decimal_text, rows_of
from api.routes.results import answered
from api.routing import Routes
from api.schemas.journeys import ConversionPath, Funnel, GoalFilters, JourneyFilters, Lengths, Paths, Trail, TrailQuery, Transitions
from api.services import services
from api.serving import served
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import CHANNEL_DAILY, CONVERSIONS, JOURNEYS, PATHS, RESTATEMENTS, TOUCHPOINTS, TRANSITIONS
from mta_assets.results.funnel import funnel
from mta_assets.results.lengths import lengths
from mta_assets.results.paths import sankey, top_paths, transitions
from mta_assets.results.questions import Answer
from mta_assets.results.trail import trail, trail_tables
from mta_assets.results.windows import Window, window
from mta_assets.state.access import Scope
from mta_assets.state.pepper import pseudonym

Asked = tuple[Answer, Mapping[str, object]]
MONEY: Final = frozenset({"value"})

routes = Routes("journeys", "/v1/journeys", tag="journeys")


@routes.view("get", "/paths", scope=Scope.RESULTS_READ, answers={200: Paths}, tabular=True)
def list_paths(query: JourneyFilters) -> Response:
    """The paths that converted most, with conversions, value, journeys that expired, and the conversion rate."""
    marts = services().marts

    def ask() -> Asked:
        answer, totals = top_paths(marts, _window(PATHS, query), query.channel)
        return answer, {"currency": marts.config.currency, "totals": {**totals, "value": decimal_text(totals["value"])}}

    return answered(query, _version(PATHS), MONEY.__contains__, ask)


@routes.view("get", "/transitions", scope=Scope.RESULTS_READ, answers={200: Transitions}, tabular=True)
def list_transitions(query: JourneyFilters) -> Response:
    """The matrix of moves from one channel to the next, with start, conversion and null; also as nodes and links of a Sankey diagram."""
    marts = services().marts

    def ask() -> Asked:
        answer = transitions(marts, _window(TRANSITIONS, query), query.channel)
        return answer, sankey(answer.frame)

    return answered(query, _version(TRANSITIONS), MONEY.__contains__, ask)


@routes.view("get", "/funnel", scope=Scope.RESULTS_READ, answers={200: Funnel}, tabular=True)
def show_funnel(query: GoalFilters) -> Response:
    """How many users were touched, became a lead, an opportunity, and converted. Days are those of the events."""
    marts = services().marts
    return answered(
        query,
        _version(TOUCHPOINTS, CONVERSIONS),
        MONEY.__contains__,
        lambda: funnel(marts, _window(TOUCHPOINTS, query), query.channel, query.goal),
    )


@routes.view("get", "/lengths", scope=Scope.RESULTS_READ, answers={200: Lengths}, tabular=True)
def show_lengths(query: GoalFilters) -> Response:
    """How many touches and how many days converting journeys take: the distributions, and each in numbers."""
    marts = services().marts
    return answered(
        query, _version(JOURNEYS), MONEY.__contains__, lambda: lengths(marts, _window(JOURNEYS, query), query.channel, query.goal)
    )


@routes.view("get", "/<path:conversion_id>", scope=Scope.JOURNEYS_READ, answers={200: Trail})
def show_trail(path: ConversionPath, query: TrailQuery) -> Response:
    """The audit trail of one conversion: its row, the touches of its journey with file and row, and what each model credits."""
    made = services()
    tables = trail_tables(made.marts)
    return served(
        version=lambda: made.marts.snapshots.version_unread(*tables),
        parameters=query,
        seconds=made.api.cache_results_seconds,
        compute=lambda _: _trail(path.conversion_id, query.source),
        tabular=False,
    )


def _trail(conversion_id: str, source: str | None) -> Result:
    made = services()
    found = trail(made.marts, conversion_id, source)
    about = {
        "conversion": rows_of(found.conversion, MONEY)[0],
        "user": pseudonym(made.pepper, found.user),
        "closing_day": found.closing_day,
        "milestone": found.milestone,
        "credit": rows_of(found.credit, MONEY),
        "unavailable": found.unavailable,
        "other_rows": found.other_rows.to_dicts(),
        "file_versions": found.file_versions.to_dicts(),
        "table_versions": {table.name: made.lake.version(table) for table in trail_tables(made.marts)},
    }
    return Result(rows=found.touches.to_dicts(), about=about)


def _window(table: Table, query: JourneyFilters) -> Window:
    return window(services().marts, table, query.start, query.end)


def _version(*tables: Table) -> Callable[[], str]:
    """Tells the version of tables that are not held, and of those that say what is provisional."""
    snapshots = services().marts.snapshots
    return lambda: f"{snapshots.version_unread(*tables)}.{snapshots.version_of(CHANNEL_DAILY, RESTATEMENTS)}"
