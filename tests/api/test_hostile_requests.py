"""Hostile requests, ten thousand and more of them: none is answered by a fault of ours, none learns anything of the inside, all in the one shape."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.api.hostile import requests_of

PEPPER = "p" * 32
ROOT = str(Path(__file__).parents[2])
SEED = 20_261_125
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "10000"))  # `make fuzz` asks for more
# Words that only our insides have.
INSIDE = re.compile(
    rf"Traceback \(most recent|site-packages|File \"|{re.escape(ROOT)}|{PEPPER}|sqlalchemy|sqlite3|werkzeug\.|pydantic_core|errors\.pydantic",
    re.I,
)
UNLIMITED = 10**9
LIMITS = {f"limit_{name}": UNLIMITED for name in ("per_hour", "total_per_minute", "address_per_minute", "uploads_per_hour", "failures")}


@pytest.fixture
def hostile_app(make_app, filled):
    return make_app(lake=filled, concurrent_analyses=UNLIMITED, **LIMITS)


@pytest.fixture
def admin(hostile_app):
    """A client with every scope."""
    services = hostile_app.extensions["mta"]
    client = hostile_app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = services.keys.create(owner="red", name="x", role="admin", now=services.now())[1]
    return client


def wrong_with(response, forbidden):
    """What is wrong with an answer; None when nothing is."""
    text = response.get_data(as_text=True) if response.mimetype in {"application/json", "text/plain", "text/html"} else ""
    if response.status_code >= 500:
        return f"{response.status_code}: {text[:300]}"
    for shown in (text, str(response.headers)):
        if found := INSIDE.search(shown) or next((word for word in forbidden if word in shown), None):
            return f"tells {found!r}: {text[:300]}"
    if "X-Injected" in response.headers or "Set-Cookie" in response.headers:
        return "a header was injected"
    if response.status_code >= 400 and response.request.method != "HEAD":
        return (
            None if set(json.loads(text)) >= {"error", "message", "details", "request_id", "timestamp"} else f"another shape: {text[:300]}"
        )
    return None


def test_ten_thousand_hostile_requests_bring_no_fault_and_no_leak(admin, tmp_path):
    document = admin.get("/openapi.json").get_json()
    requests, faults = requests_of(document, SEED, REQUESTS), []
    assert len(requests) >= 10_000
    for method, path, headers, body in requests:
        response = admin.open(path, method=method.upper(), headers=headers, data=body)
        if wrong := wrong_with(response, (str(tmp_path),)):
            faults.append(f"{method.upper()} {path[:300]} {headers!r:.300} {body!r:.100}: {wrong}")
        response.close()
    assert faults == [], f"{len(faults)} of {len(requests)}: " + "\n".join(faults[:40])
