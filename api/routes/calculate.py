"""`POST /v1/attribution/calculate`: journeys as JSON, credited at once. Straight from the body to arrays, without files and processes."""

from itertools import islice
from typing import Any

import numpy as np
import polars as pl
from flask import Response, abort, request
from pydantic import ValidationError

from api.problems import of_validation, refuse
from api.representations import Result
from api.routing import Routes
from api.schemas.calculate import MOST_CHANNELS, CalculateBody, Calculated, GivenConversion, GivenJourney, GivenTouchpoint
from api.services import services
from api.serving import form, packed, unpacked
from mta_assets.analysis.calculate import Calculation, GivenJourneys, calculate
from mta_assets.models.registry import select
from mta_assets.state.access import Scope

routes = Routes("calculate", "/v1/attribution", tag="attribution")
_MOST_BYTES = 32_000_000
_MICROSECONDS = 1_000_000
_DAY_MICROSECONDS = 86_400 * _MICROSECONDS
_BODY: dict[str, Any] = {"required": True, "content": {"application/json": {"schema": routes.declared(CalculateBody)}}}


@routes.view("post", "/calculate", scope=Scope.FILES_WRITE, answers={200: Calculated}, most_bytes=_MOST_BYTES, request_body=_BODY)
def calculate_journeys() -> Response:
    """Every model's credit on journeys that are sent as JSON, touch by touch and in all. Learned models learn from the journeys sent.

    Example: C1 > C2 > C3 converts, C1 and C2 > C3 do not. `markov_1` then gives C1 0.2 and C2 and C3 0.4 each.
    """
    wanted = form(tabular=False)
    asked = _body()
    journeys, made = asked.all(), services()
    days = made.config.lookback_days if asked.lookback_days is None else asked.lookback_days
    models = select(made.models, ",".join(asked.models) or "all")
    found = calculate(_arrays(journeys, made.config.currency), models, round(days * _DAY_MICROSECONDS), made.config.currency)
    return unpacked(packed(_result(journeys, found), wanted))


def _body() -> CalculateBody:
    try:
        return CalculateBody.model_validate_json(request.get_data())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            refuse("invalid_json", f"The body is no JSON: {first['msg']}.")
        abort(of_validation(error))


def _arrays(journeys: list[GivenJourney], currency: str) -> GivenJourneys:
    """The journeys as the engine takes them. Raises Problem when some have times and some have none, or there are too many channels."""
    converted = np.array([journey.conversion is not None for journey in journeys])
    channel = pl.Series("channel", [touch.channel for journey in journeys for touch in journey.touchpoints], dtype=pl.String)
    if channel.n_unique() > MOST_CHANNELS:
        refuse(
            "invalid_parameter",
            f"There are more than {MOST_CHANNELS:,} channels; send a file to /v1/attribution/analyze.",
            field="journeys",
        )
    timed = _are_timed(journeys)
    return GivenJourneys(
        channel=channel,
        offsets=np.cumsum([0, *(len(journey.touchpoints) for journey in journeys)]),
        converted=converted,
        value=np.array([journey.conversion.value if journey.conversion else 0.0 for journey in journeys]),
        currency=[(journey.conversion and journey.conversion.currency) or currency for journey in journeys],
        ts=_microseconds([touch.ts for journey in journeys for touch in journey.touchpoints]) if timed else None,
        closing_ts=_microseconds([journey.conversion and journey.conversion.ts for journey in journeys]) if timed else None,
    )


def _are_timed(journeys: list[GivenJourney]) -> bool:
    """Whether the journeys have times: all or none. Raises Problem that names the first that differs from the first of all."""
    timed = [moment.ts is not None for journey in journeys for moment in _moments(journey)]
    if any(timed) and not all(timed):
        names = (f"journeys.{n}.{name}.ts" for n, journey in enumerate(journeys) for name in _names(journey))
        field = next(islice(names, timed.index(not timed[0]), None))
        refuse("invalid_parameter", f"{field}: either every touchpoint and conversion has a ts, or none.", field=field)
    return any(timed)


def _moments(journey: GivenJourney) -> list[GivenTouchpoint | GivenConversion]:
    return [*journey.touchpoints, journey.conversion] if journey.conversion else [*journey.touchpoints]


def _names(journey: GivenJourney) -> list[str]:
    """How the moments are found in the body."""
    return [*(f"touchpoints.{k}" for k in range(len(journey.touchpoints))), "conversion"]


def _microseconds(moments: list[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """(moments,) since 1970; 0 for none."""
    seconds = np.array([0.0 if ts is None else ts.timestamp() for ts in moments])
    return np.array(np.rint(seconds * _MICROSECONDS), dtype=np.int64)


def _result(journeys: list[GivenJourney], found: Calculation) -> Result:
    lists = {name: weight.tolist() for name, weight in found.weights.items()}
    shown, start = [], 0
    for n, journey in enumerate(journeys):
        stop = start + len(journey.touchpoints)
        if journey.conversion is not None:
            shown.append({"journey": n, "id": journey.id, "credit": {name: credit[start:stop] for name, credit in lists.items()}})
        start = stop
    about = {"journeys": shown, "shares": found.shares, "unavailable": found.unavailable, "notes": found.notes}
    return Result(frame=found.results, money=frozenset({"value"}), about=about)
