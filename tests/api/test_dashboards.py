"""Dashboard and alert rules name only what a real server exports."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import orjson
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mta_assets.jobs.daemon import DAEMON
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.figures import FIGURES, Figures, Tally
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore
from tests.api.live import live_server

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "mta.rules.yml"
KEY = {"X-API-Key": "dev-api-key"}
NAME = re.compile(r"\bmta_[a-z_]+")
CHOSEN = re.compile(r"\b(mta_[a-z_]+)\{([^}]*)\}")


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels():
    dashboard = orjson.loads((DEPLOY / "grafana" / "dashboards" / "mta.json").read_bytes())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions():
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


@pytest.fixture(scope="module")
def exported(filled, tmp_path_factory):
    """name -> the labels that it has, of all that a server with two workers exports after some use."""
    folder = tmp_path_factory.mktemp("exported")
    _fill(f"sqlite:///{folder}/state.db")
    with live_server(folder, lake=filled, workers=2, limit_address_per_minute=1) as url:
        for headers in (KEY, KEY, {"X-API-Key": "mta_nobody12_wrong"}, *[{}] * 6):
            httpx.get(f"{url}/v1/attribution/linear", headers=headers, timeout=60)
        text = httpx.get(f"{url}/metrics", headers=KEY, timeout=60).raise_for_status().text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def _fill(url):
    """What a daemon and runs leave in the state store."""
    store, now = StateStore(url), datetime.now(UTC)
    store.migrate()
    tally = Tally()
    for name, declared in FIGURES.items():
        (tally.put if declared.kind == "gauge" else tally.add)(name, 1.0, *declared.labels)
    Figures(store).record(tally.counted(), now)
    Heartbeats(store).beat(DAEMON, now)
    day = date(2026, 3, 1)
    result = CheckResult(asset="core/spend", name="contract", passed=True, message="", run_id="r", at=now, first_day=day, last_day=day)
    Checks(store).record([result])
    store.close()


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_and_label_that_is_named_is_exported_by_a_real_server(exported, expression):
    names = set(NAME.findall(expression))
    assert names or expression.startswith("up{")
    assert names - set(exported) == set()
    for name, chosen in CHOSEN.findall(expression):
        assert set(re.findall(r"(\w+)\s*[=!]", chosen)) <= exported[name], name


def test_no_metric_of_the_server_has_a_label_whose_values_nobody_bounds(exported):
    known = {"route", "method", "status", "code", "limit", "component", "state", "asset", "check", "severity", "kind", "name", "le"}
    known |= {"job", "outcome", "step", "scope", "source", "fate", "model", "additive", "currency", "layer"}
    assert set().union(*exported.values()) <= known


def test_every_metric_of_the_server_is_described_in_the_docs(exported):
    text = (DEPLOY.parent / "docs" / "observability.md").read_text()
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in exported}
    assert [name for name in sorted(families) if f"`{name}`" not in text] == []


def test_every_rule_says_what_is_wrong_what_to_do_and_how_grave_it_is():
    assert len({rule["alert"] for rule in rules()}) == len(rules()) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert {"summary", "remedy"} <= set(rule["annotations"])


def test_every_panel_says_what_it_shows_and_reads_from_the_provisioned_source():
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert len({panel["id"] for panel in panels()}) == len(panels()) > 20
    for panel in panels():
        assert panel["description"]
        assert panel["datasource"]["uid"] == source["uid"]
