"""What a run tells the state store: every finding, failures and new results as events; and that it goes on when the store is away."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY
from mta_assets.definitions import build_defs
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.defs.untold import UNTOLD, Told, keep, tell_again
from mta_assets.errors import StateError
from mta_assets.pipeline import restatements
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.figures import Figures
from mta_assets.state.store import StateStore
from mta_assets.state.webhooks import Webhooks
from tests.defs.dagster_shop import CONFIG, FEW
from tests.defs.test_asset_checks import LosesATenth

DAY = DayRange(date(2026, 3, 4), date(2026, 3, 4))
PEPPER = b"p" * 32


@pytest.fixture
def telling(copied):
    """Makes a shop whose runs tell the state store at this URL."""

    def make(url, models=FEW):
        shop = copied(models)
        project = Project(config=CONFIG, models=models, state_url=url)
        shop.resource = LakeResource(root=str(shop.folder / "lake"), landing=str(shop.landing), project=project)
        shop.defs = build_defs(lake=shop.resource)
        restatements.close_day(shop.resource.lake, DAY.first, datetime.now(UTC))
        return shop

    return make


@pytest.fixture
def store(tmp_path):
    made = StateStore(f"sqlite:///{tmp_path}/told/state.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def subscribed(store):
    """A subscription to everything that the pipeline tells; gives what was addressed to it."""
    webhook, _ = Webhooks(store, PEPPER).create(
        owner="o", url="https://h/", events=["check.failed", "results.updated"], now=datetime.now(UTC)
    )
    return lambda: Deliveries(store, PEPPER).list(webhook.id, None).items


def test_a_run_tells_what_each_check_found_and_that_results_are_new(telling, store, subscribed, tmp_path):
    shop = telling(f"sqlite:///{tmp_path}/told/state.db")
    result = shop.run("attribute", DAY)
    assert result.success
    told = {(found.asset, found.name): found for found in Checks(store).latest(limit=1_000).items}
    evaluated = {("/".join(e.asset_key.path), e.check_name) for e in result.get_asset_check_evaluations()}
    assert set(told) == evaluated
    conserved = told["credits/linear", "conservation"]
    assert (conserved.passed, conserved.run_id, conserved.first_day, conserved.last_day) == (True, result.run_id, DAY.first, DAY.last)
    assert conserved.numbers["conversions"] > 0
    (event,) = subscribed()
    assert event.kind == "results.updated"
    assert (event.payload["first_day"], event.payload["run_id"]) == (str(DAY.first), result.run_id)
    assert event.payload["table_versions"][CHANNEL_DAILY.name] == shop.resource.lake.version(CHANNEL_DAILY)


def test_a_run_whose_check_fails_tells_that_and_no_new_results(telling, store, subscribed, tmp_path):
    shop = telling(f"sqlite:///{tmp_path}/told/state.db", {**FEW, "linear": LosesATenth()})
    assert not shop.run("attribute", DAY).success
    (failed,) = Checks(store).latest(passed=False).items
    assert (failed.asset, failed.name) == ("credits/linear", "conservation")
    assert "not credited exactly once" in failed.message
    assert failed.recommendation
    (event,) = subscribed()
    assert (event.kind, event.payload["asset"], event.payload["name"]) == ("check.failed", "credits/linear", "conservation")


def test_a_state_store_that_is_away_fails_no_run_and_is_told_when_it_is_back(telling, tmp_path):
    (tmp_path / "told").write_text("a file where a folder must be")
    shop = telling(f"sqlite:///{tmp_path}/told/state.db")
    result = shop.run("attribute", DAY)
    assert result.success
    (tmp_path / "told").unlink()
    store = StateStore(f"sqlite:///{tmp_path}/told/state.db")
    store.migrate()
    subscription, _ = Webhooks(store, PEPPER).create(owner="o", url="https://h/", events=["results.updated"], now=datetime.now(UTC))
    later = CheckResult(asset="credits/linear", name="conservation", passed=False, message="m", run_id="r", at=datetime.now(UTC))
    Checks(store).record([later])
    assert tell_again(shop.instance, store) == 1
    assert tell_again(shop.instance, store) == 0
    told = {(found.asset, found.name): found for found in Checks(store).latest(limit=1_000).items}
    assert set(told) == {("/".join(e.asset_key.path), e.check_name) for e in result.get_asset_check_evaluations()}
    assert told.pop(("credits/linear", "conservation")) == later
    assert {found.run_id for found in told.values()} == {result.run_id}
    counted = {(figure.name, figure.labels): figure.value for figure in Figures(store).all()}
    assert counted["mta_runs_total", ("attribute", "done")] == 1
    assert counted["mta_days_restated_total", ("closing",)] == 1
    (event,) = Deliveries(store, PEPPER).list(subscription.id, None).items
    assert (event.payload["first_day"], event.payload["run_id"]) == (str(DAY.first), result.run_id)
    store.close()


def test_what_could_not_be_told_again_stays_kept(telling, tmp_path):
    shop = telling(f"sqlite:///{tmp_path}/told/state.db")
    keep(
        shop.instance, Told(run_id=(run := shop.instance.add_run(dg.DagsterRun(job_name="core"))).run_id, at=datetime.now(UTC), results={})
    )
    away = StateStore("postgresql://nobody:none@127.0.0.1:1/none")
    with pytest.raises(StateError):
        tell_again(shop.instance, away)
    away.close()
    assert shop.instance.get_run_by_id(run.run_id).tags[UNTOLD] == "true"
