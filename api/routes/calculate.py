"""`POST /v1/attribution/calculate`: journeys as JSON, credited at once. Straight from the body to arrays, without files and processes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
from flask import Response, abort, request
from pydantic import ValidationError

from api.problems import of_validation, refuse
from api.representations import Result
from api.routing import Routes
from api.schemas.calculate import MOST_CHANNELS, CalculateBody, Calculated, GivenConversion, GivenJourney, GivenTouchpoint
from api.services import services
from api.serving import form, packed, unpacked
from mta_assets.analysis.calculate import Calculation, GivenJourneys, calculate
from mta_assets.contracts.arrays import Ints
from mta_assets.models.registry import select
from mta_assets.state.access import Scope

routes = Routes("calculate", "/v1/attribution", tag="attribution")
_MOST_BYTES = 32_000_000
_DAY_MICROSECONDS = 86_400_000_000
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
    conversions = [journey.get("conversion") for journey in journeys]
    channel = [touch["channel"] for journey in journeys for touch in journey["touchpoints"]]
    if len(set(channel)) > MOST_CHANNELS:
        refuse(
            "invalid_parameter",
            f"There are more than {MOST_CHANNELS:,} channels; send a file to /v1/attribution/analyze.",
            field="journeys",
        )
    times = _times(journeys)
    return GivenJourneys(
        channel=channel,
        offsets=np.cumsum([0, *(len(journey["touchpoints"]) for journey in journeys)]),
        converted=np.array([conversion is not None for conversion in conversions]),
        value=np.array([conversion.get("value", 0.0) if conversion else 0.0 for conversion in conversions]),
        currency=[(conversion and conversion.get("currency")) or currency for conversion in conversions],
        ts=None if times is None else times[0],
        closing_ts=None if times is None else times[1],
    )


def _times(journeys: list[GivenJourney]) -> tuple[Ints, Ints] | None:
    """When each touch and each conversion was; None when the journeys have no times. Raises Problem when some moments have one and some have none."""
    touches = [touch.get("ts") for journey in journeys for touch in journey["touchpoints"]]
    conversions = [conversion.get("ts") for journey in journeys if (conversion := journey.get("conversion")) is not None]
    absent = touches.count(None) + conversions.count(None)
    if absent == len(touches) + len(conversions):
        return None
    if absent:
        _refuse_first_unlike(journeys)
    closing = np.zeros(len(journeys), dtype=np.int64)
    closing[[journey.get("conversion") is not None for journey in journeys]] = _microseconds(conversions)
    return _microseconds(touches), closing


def _refuse_first_unlike(journeys: list[GivenJourney]) -> NoReturn:
    """Raises Problem that names the first touchpoint or conversion that has a time where the first of all has none, or has none where that has one."""
    timed = {
        f"journeys.{n}.{name}.ts": moment.get("ts") is not None for n, journey in enumerate(journeys) for name, moment in _moments(journey)
    }
    first = next(iter(timed.values()))
    field = next(name for name, has in timed.items() if has != first)
    refuse("invalid_parameter", f"{field}: either every touchpoint and conversion has a ts, or none.", field=field)


def _moments(journey: GivenJourney) -> Iterator[tuple[str, GivenTouchpoint | GivenConversion]]:
    """What has a time, under its name in the body."""
    yield from ((f"touchpoints.{k}", touch) for k, touch in enumerate(journey["touchpoints"]))
    if (conversion := journey.get("conversion")) is not None:
        yield "conversion", conversion


def _microseconds(moments: Sequence[datetime | None]) -> Ints:
    """(moments,) since 1970. Arrow takes two thirds of the time of asking each moment for its timestamp, and does not round."""
    return np.asarray(pa.array(moments, pa.timestamp("us", tz="UTC")).cast(pa.int64()))


def _result(journeys: list[GivenJourney], found: Calculation) -> Result:
    shown, start = [], 0
    for n, journey in enumerate(journeys):
        stop = start + len(journey["touchpoints"])
        if journey.get("conversion") is not None:
            shown.append(
                {"journey": n, "id": journey.get("id"), "credit": {name: weight[start:stop] for name, weight in found.weights.items()}}
            )
        start = stop
    about = {"journeys": shown, "shares": found.shares, "unavailable": found.unavailable, "notes": found.notes}
    return Result(frame=found.results, money=frozenset({"value"}), about=about)
