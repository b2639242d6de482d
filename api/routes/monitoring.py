"""`/v1/freshness` and `/v1/checks`: how old the data are, and what the checks of the pipeline found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import orjson
from flask import Response

from api.representations import JSON, Result
from api.routing import Routes
from api.schemas.monitoring import Checks, ChecksQuery, Freshness, FreshnessQuery
from api.services import services
from api.serving import served
from mta_assets.results.freshness import WORST, Age
from mta_assets.state.access import Scope
from mta_assets.state.checks import CheckResult
from mta_assets.state.checks import Checks as CheckStore

routes = Routes("monitoring", "/v1", tag="monitoring")


@routes.view("get", "/freshness", scope=Scope.HEALTH_READ, answers={200: Freshness})
def show_freshness(query: FreshnessQuery) -> Response:
    """How old the newest data of each source and table are, against the policy for it."""
    made = services()
    at = made.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    return served(
        version=lambda: f"{made.freshness.version()}.{at.isoformat()}",
        parameters=query,
        seconds=60,
        compute=lambda _: _freshness(made.freshness.ages(at), query.status, at),
        tabular=False,
    )


@routes.view("get", "/checks", scope=Scope.HEALTH_READ, answers={200: Checks})
def list_checks(query: ChecksQuery) -> Response:
    """What the checks of the pipeline found: the latest of each, or all that is kept."""
    store = CheckStore(services().store)
    find = store.latest if query.results == "latest" else store.history
    passed = None if query.status is None else query.status == "passed"
    page = find(passed=passed, asset=query.asset, after=query.cursor, limit=query.limit)
    body = {"data": [_check(result) for result in page.items], "next_cursor": page.next}
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), content_type=JSON)


def _freshness(ages: Sequence[Age], status: str | None, at: datetime) -> Result:
    rows = [_age(age) for age in ages if status in (None, age.status)]
    found = {age.status for age in ages}
    return Result(rows=rows, about={"at": at, "status": next((word for word in WORST if word in found), "empty")})


def _age(age: Age) -> Mapping[str, object]:
    own = {name: getattr(age, name) for name in ("kind", "name", "newest_day", "written_at", "age_hours", "status", "silent")}
    return own | age.policy.model_dump()


def _check(result: CheckResult) -> Mapping[str, object]:
    found = asdict(result)
    return {"status": "passed" if found.pop("passed") else "failed"} | found
