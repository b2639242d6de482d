"""`make bench-api`: starts the real server, drives it with wrk on loopback, and rewrites the table of ../api.md. `--seconds N` per load (default 8)."""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode

import analyses
import httpx
import lake
import page
from drive import Load, Seen, available, begin, drive, seen
from probe import idle, probe
from servers import Running, Servers

KEY = {"X-API-Key": "dev-api-key"}
CONNECTIONS, CROWD, ROUNDS = 16, 500, 3
BODY_BYTES = 20_000
LAYERS = ("audit", "limits", "metrics")


def cached_path() -> str:
    """A result of some 20 KB: a month of days by channel."""
    return "/v1/attribution/linear?" + urlencode({"group_by": "day,channel", "limit": 110})


def uncached_paths(number: int) -> list[str]:
    """A year of 12 models and 16 channels side by side, each time filtered otherwise, so that none is in the cache. number: of the round."""
    asked = {"group_by": "channel", "start": "2025-01-01", "end": "2025-12-31", "models": lake.models()}
    return [
        "/v1/attribution/compare?" + urlencode(asked | {"campaign": ["brand", "generic", f"none-{number}-{n}"]}, doseq=True)
        for n in range(10_000)
    ]


def once(server: Running, path: str, headers: Mapping[str, str], expected: int = 200) -> httpx.Response:
    """One answer, which must be the expected one. Asked for as wrk does: an answer in another encoding has another tag."""
    answer = httpx.get(server.url + path, headers={**headers, "Accept-Encoding": "identity"}, timeout=60)
    if answer.status_code != expected:
        raise RuntimeError(f"{path} was answered with {answer.status_code}: {answer.text[:500]}")
    return answer


def warm(server: Running) -> httpx.Response:
    """The cached answer, once every process of the server has read the marts."""
    drive(server.url, Load(paths=uncached_paths(0), headers=KEY, connections=CONNECTIONS, seconds=1))
    return once(server, cached_path(), KEY)


def unfailing(server: Running, load: Load) -> Seen:
    """What clients of the load saw, none of whom failed: a rate of failures would be no rate."""
    found = drive(server.url, load)
    if found.failures:
        raise RuntimeError(f"{found.failures} requests of {load.paths[0]} failed")
    return found


def against_bare(servers: Servers, seconds: int) -> dict[str, object]:
    """Cached results and 304s in turns with the bare view of the same bytes; then ours without each layer."""
    with servers.ours() as ours:
        first = warm(ours)
        same = {**KEY, "If-None-Match": first.headers["ETag"]}
        once(ours, cached_path(), same, 304)
        with servers.bare(first.content) as bare:
            loads = {
                "bare": (bare, Load(paths=["/"], headers={}, connections=CONNECTIONS, seconds=seconds)),
                "cached": (ours, Load(paths=[cached_path()], headers=KEY, connections=CONNECTIONS, seconds=seconds)),
                "304": (ours, Load(paths=[cached_path()], headers=same, connections=CONNECTIONS, seconds=seconds)),
            }
            rounds = [{name: unfailing(server, load) for name, (server, load) in loads.items()} for _ in range(ROUNDS)]
            stripped = {layer: _without(servers, layer, bare, seconds) for layer in LAYERS}
    ratios = {name: statistics.median(each[name].rate / each["bare"].rate for each in rounds) for name in loads}
    rates = {name: statistics.median(each[name].rate for each in rounds) for name in loads}
    return {"bytes": len(first.content), "ratios": ratios, "rates": rates, "without": stripped}


def _without(servers: Servers, layer: str, bare: Running, seconds: int) -> float:
    """The rate of the cached result without a layer, as a share of the bare view's right after."""
    with servers.ours((layer,)) as ours:
        warm(ours)
        own = unfailing(ours, Load(paths=[cached_path()], headers=KEY, connections=CONNECTIONS, seconds=seconds))
    return own.rate / unfailing(bare, Load(paths=["/"], headers={}, connections=CONNECTIONS, seconds=seconds)).rate


def alone(servers: Servers, seconds: int) -> dict[str, object]:
    """What is held against a time: uncached results, a crowd of connections and liveness beside it, journeys in JSON; medians over the rounds."""
    with servers.ours() as ours, idle() as bound:
        warm(ours)
        rounds = [_round(servers, ours, bound, number, seconds) for number in range(1, ROUNDS + 1)]
    return {name: _median([each[name] for each in rounds]) for name in rounds[0]}


def _round(servers: Servers, ours: Running, bound: str, number: int, seconds: int) -> dict[str, Seen]:
    uncached = drive(ours.url, Load(paths=uncached_paths(number), headers=KEY, connections=CONNECTIONS, seconds=seconds))
    crowd = Load(paths=[cached_path()], headers=KEY, connections=CROWD, seconds=seconds)
    first = begin(ours.url, crowd)
    live = probe(ours.url, seconds - 1)
    crowded = seen(first)
    second = begin(ours.url, crowd)
    allowed = probe(bound, seconds - 1)
    seen(second)
    calculate = analyses.calculate(ours, servers.folder, KEY, seconds)
    return {"uncached": uncached, "crowd": crowded, "live": live, "allowed": allowed, "calculate": calculate}


def _median(rounds: list[Seen]) -> dict[str, float]:
    """Figure by figure; of failures, all."""
    figures = [asdict(each) for each in rounds]
    medians = {name: statistics.median(each[name] for each in figures) for name in figures[0]}
    return medians | {"failures": sum(each.failures for each in rounds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8)
    seconds = parser.parse_args().seconds
    if not available():
        sys.exit("The load is made by wrk, which is not on this machine: install the package wrk of your system.")
    with tempfile.TemporaryDirectory() as folder:
        servers = Servers(folder=Path(folder), lake=lake.lake())
        found = {**against_bare(servers, seconds), **alone(servers, seconds), "file": analyses.file(servers, KEY)}
    (lake.WORK / "results-api.json").write_text(json.dumps(found, indent=1))
    page.write(found)


if __name__ == "__main__":
    main()
