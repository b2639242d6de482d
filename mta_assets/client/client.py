"""The routes of the API as methods. How requests travel is `transport`'s, what answers are is `answers`'."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from mta_assets.client.answers import (
    AnalysisResult,
    AnalysisRow,
    Calculated,
    Checks,
    CreditRow,
    ErasureEntry,
    Freshness,
    IncrementalityRow,
    JobDocument,
    Key,
    KeyMade,
    LengthRow,
    Method,
    PathRow,
    PerformanceRow,
    Subscription,
    SubscriptionMade,
    Trail,
    TransitionRow,
    Validation,
)
from mta_assets.client.decode import decode
from mta_assets.client.rows import Rows
from mta_assets.client.transport import Parts, Query, Transport
from mta_assets.client.waiting import wait_for

_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
PAGE_ROWS: Final = 10_000


class Client:
    """The API at an address. Use it as a context manager, or close it.

    Refusals raise ApiProblem. Requests that a limit or a passing fault refuses are tried again, after as long as the server asks for.
    """

    def __init__(self, url: str, key: str | None = None, *, token: str | None = None, tries: int = 4) -> None:
        given = {"X-API-Key": key, "Authorization": token and f"Bearer {token}"}
        headers = {name: value for name, value in given.items() if value}
        self.transport = Transport(http=httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT), tries=tries)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.transport.http.close()

    def methods(self) -> list[Method]:
        """Every attribution model."""
        return [decode(Method, each) for each in self.transport.json("GET", "/v1/attribution/methods")["data"]]

    def credit(
        self, model: str, *, group_by: str = "channel", start: date | None = None, end: date | None = None, **filters: Sequence[str]
    ) -> Rows[CreditRow]:
        """What a model credits. filters: channel, campaign, goal, kind."""
        return self._rows(f"/v1/attribution/{model}", CreditRow, {"group_by": group_by, **_days(start, end), **filters})

    def compare(
        self, models: Iterable[str] = (), *, group_by: str = "channel", start: date | None = None, end: date | None = None
    ) -> Rows[dict[str, Any]]:
        """Several models side by side; every additive one when none is named."""
        return self._rows("/v1/attribution/compare", dict[str, Any], {"models": list(models), "group_by": group_by, **_days(start, end)})

    def performance(self, models: Iterable[str] = (), *, start: date | None = None, end: date | None = None) -> Rows[PerformanceRow]:
        """Spend, credit, CPA and ROAS."""
        return self._rows("/v1/channels/performance", PerformanceRow, {"models": list(models), **_days(start, end)})

    def incrementality(self, channel: Iterable[str] = ()) -> Rows[IncrementalityRow]:
        """What channels added, before and after experiments, and iROAS."""
        return self._rows("/v1/channels/incrementality", IncrementalityRow, {"channel": list(channel)})

    def paths(self, *, start: date | None = None, end: date | None = None) -> Rows[PathRow]:
        """The paths that converted most."""
        return self._rows("/v1/journeys/paths", PathRow, _days(start, end))

    def transitions(self, *, start: date | None = None, end: date | None = None) -> Rows[TransitionRow]:
        """Moves from channel to channel."""
        return self._rows("/v1/journeys/transitions", TransitionRow, _days(start, end))

    def lengths(self, *, start: date | None = None, end: date | None = None) -> Rows[LengthRow]:
        """How many touches and days converting journeys take."""
        return self._rows("/v1/journeys/lengths", LengthRow, _days(start, end))

    def trail(self, conversion_id: str, source: str | None = None) -> Trail:
        """One conversion, down to its rows."""
        return decode(Trail, self.transport.json("GET", f"/v1/journeys/{quote(conversion_id, safe='')}", {"source": source}))

    def validate(self, file: Path | str, **options: object) -> Validation:
        """The verdict on a file. options: kind, columns, timezone, limit."""
        return decode(Validation, self.transport.json("POST", "/v1/attribution/validate", options, files=_parts(file=file)))

    def analyze(
        self, file: Path | str, *, spend: Path | str | None = None, conversions: Path | str | None = None, **options: object
    ) -> AnalysisResult | JobDocument:
        """Credit of every model on the files, or the job that they became. Files are streamed.

        options: models, by, lookback_days, kind, columns, timezone, mode.
        """
        files = _parts(file=file, spend=spend, conversions=conversions)
        found = self.transport.json("POST", "/v1/attribution/analyze", options, files=files)
        return decode(JobDocument, found) if "state" in found else decode(AnalysisResult, found)

    def calculate(self, journeys: Sequence[Mapping[str, object]], models: Iterable[str] = (), **options: object) -> Calculated:
        """Credit of journeys, each `{"touchpoints": [{"channel": ...}], "conversion": {"value": ...} or None}`. options: lookback_days."""
        body = {"journeys": list(journeys), "models": list(models), **options}
        return decode(Calculated, self.transport.json("POST", "/v1/attribution/calculate", body=body))

    def jobs(self) -> Rows[JobDocument]:
        """Your jobs, the newest first."""
        return Rows(self.transport, "/v1/jobs", {}, JobDocument)

    def job(self, job_id: str) -> JobDocument:
        """How far a job is."""
        return decode(JobDocument, self.transport.json("GET", f"/v1/jobs/{job_id}"))

    def wait(self, job_id: str, *, timeout_seconds: float | None = None, bar: bool = True) -> JobDocument:
        """The job once it has succeeded. Raises JobEndedError when it ended otherwise, TimeoutError when it takes longer."""
        return wait_for(lambda: self.job(job_id), self.transport.sleep, timeout_seconds, bar=bar)

    def result(self, job_id: str, *, partial: bool = False) -> Rows[AnalysisRow]:
        """What a job found."""
        return self._rows(f"/v1/jobs/{job_id}/result", AnalysisRow, {"partial": "true" if partial else None})

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        self.transport.send("DELETE", f"/v1/jobs/{job_id}")

    def freshness(self) -> Freshness:
        """How old the data are."""
        return decode(Freshness, self.transport.json("GET", "/v1/freshness"))

    def checks(self) -> Checks:
        """What the checks found last."""
        return decode(Checks, self.transport.json("GET", "/v1/checks"))

    def keys(self) -> Rows[Key]:
        """All keys."""
        return Rows(self.transport, "/v1/keys", {}, Key)

    def create_key(self, owner: str, name: str, role: str, **more: object) -> KeyMade:
        """A new key, shown once. more: lifetime_days, limit_per_hour."""
        return decode(KeyMade, self.transport.json("POST", "/v1/keys", body={"owner": owner, "name": name, "role": role, **more}))

    def rotate_key(self, key_id: str, *, overlap_hours: int = 24) -> KeyMade:
        """The key that takes the place of this one, which works on for the overlap."""
        return decode(KeyMade, self.transport.json("POST", f"/v1/keys/{key_id}/rotate", body={"overlap_hours": overlap_hours}))

    def revoke_key(self, key_id: str) -> None:
        """Refuse a key from now on."""
        self.transport.send("DELETE", f"/v1/keys/{key_id}")

    def webhooks(self) -> Rows[Subscription]:
        """Your subscriptions."""
        return Rows(self.transport, "/v1/webhooks", {}, Subscription)

    def subscribe(self, url: str, events: Iterable[str]) -> SubscriptionMade:
        """A subscription, with the secret of its signatures, shown once."""
        return decode(SubscriptionMade, self.transport.json("POST", "/v1/webhooks", body={"url": url, "events": list(events)}))

    def erase(self, user_ids: Iterable[str] = (), conversion_ids: Iterable[str] = ()) -> ErasureEntry:
        """Have users erased from everything that is kept."""
        body = {"user_ids": list(user_ids), "conversion_ids": list(conversion_ids)}
        return decode(ErasureEntry, self.transport.json("POST", "/v1/erasures", body=body))

    def erasure(self, erasure_id: str) -> ErasureEntry:
        """How far an erasure is, or what it removed where."""
        return decode(ErasureEntry, self.transport.json("GET", f"/v1/erasures/{erasure_id}"))

    def erasures(self) -> Rows[ErasureEntry]:
        """Every erasure."""
        return Rows(self.transport, "/v1/erasures", {}, ErasureEntry)

    def _rows(self, path: str, row: type[Any], query: Query) -> Rows[Any]:
        return Rows(self.transport, path, {"limit": PAGE_ROWS, **query}, row)


def _days(start: date | None, end: date | None) -> dict[str, object]:
    return {"start": start and start.isoformat(), "end": end and end.isoformat()}


def _parts(**files: Path | str | None) -> Parts:
    """The parts of a form: files, which httpx streams."""
    paths = {part: Path(file) for part, file in files.items() if file is not None}
    return lambda opened: {part: (path.name, opened.enter_context(path.open("rb"))) for part, path in paths.items()}
