"""That the state store is away is told, once, though it is where alerts are kept."""

import pytest

from mta_assets.alerts.facts import Facts
from mta_assets.alerts.fallback import FileLedger, ledger_path
from mta_assets.alerts.watcher import Watcher
from mta_assets.config_alerts import AlertsConfig
from mta_assets.state.alert_records import LEASE, Phase
from mta_assets.state.store import StateStore
from tests.alerts.scene import SECRET, VARIABLES, hook, told

STORE = [("firing", "state_unreachable", "state")], [("resolved", "state_unreachable", "state")]
AWAY = {"state": "It does not answer."}


@pytest.fixture
def watcher_of(tmp_path, clock, receiver):
    """Makes watchers of one place, each as a new process would be."""

    def make(state_url=f"sqlite:///{tmp_path}/state.db"):
        config = AlertsConfig.model_validate({"targets": {"ops": hook(receiver.url)}})
        file = FileLedger(ledger_path(str(tmp_path / "lake"), tmp_path / "uploads"))
        return Watcher(config=config, store=StateStore(state_url), file=file, variable=VARIABLES.get, now=clock)

    return make


def tick(watcher, **parts):
    return watcher.tick(Facts(at=watcher.now(), parts={"state": None, **parts}), seconds=10)


def test_a_store_that_is_away_is_told_once_over_restarts_and_so_is_its_return(watcher_of, receiver, tmp_path):
    tick(watcher_of())
    assert not (tmp_path / "alerts").exists()
    for _ in range(3):
        tick(watcher_of(), **AWAY)
    assert told(receiver) == [STORE[0]]
    assert (tmp_path / "alerts" / "state_store.json").exists()
    for _ in range(3):
        tick(watcher_of())
    assert told(receiver) == list(STORE)


def test_a_store_that_goes_away_between_the_question_and_the_noting_is_told(watcher_of, receiver, tmp_path):
    (tmp_path / "file").write_text("no folder")
    gone = watcher_of("postgresql://mta:unchecked@127.0.0.1:1/none")
    tick(gone, redis="It is gone.")
    assert told(receiver) == [STORE[0]]


def test_the_real_database_that_stops_is_told_and_its_return_too(watcher_of, receiver, postgres_url):
    watcher = watcher_of(postgres_url)
    tick(watcher, redis="It is gone.")
    assert told(receiver) == [[("firing", "redis_unreachable", "redis")]]
    tick(watcher, **AWAY, redis="It is gone.")
    tick(watcher, redis=None)
    assert [each for message in told(receiver)[1:] for each in message] == [
        *STORE[0],
        *STORE[1],
        ("resolved", "redis_unreachable", "redis"),
    ]


def test_what_could_not_be_delivered_is_tried_again_from_the_file(watcher_of, receiver, clock):
    receiver.status = 503
    tick(watcher_of(), **AWAY)
    receiver.status = 200
    clock.forward(seconds=31)
    tick(watcher_of(), **AWAY)
    assert told(receiver) == [STORE[0]] * 2  # the first was refused


def test_a_process_that_dies_while_it_sends_from_the_file_loses_nothing(watcher_of, receiver, clock):
    receiver.status = 503
    tick(watcher_of(), **AWAY)
    receiver.received.clear()
    receiver.status = 200
    clock.forward(seconds=31)
    (taken,) = watcher_of().file.take(clock())  # and here the process is killed
    tick(watcher_of(), **AWAY)
    assert receiver.received == []
    clock.forward(seconds=LEASE.total_seconds())
    tick(watcher_of(), **AWAY)
    assert receiver.received[0][1]["MTA-Delivery"] == taken.id


def test_a_file_that_cannot_be_read_is_put_aside_and_the_alert_told(watcher_of, receiver, tmp_path):
    tick(watcher_of(), **AWAY)
    (tmp_path / "alerts" / "state_store.json").write_text("{")
    tick(watcher_of(), **AWAY)
    assert len(receiver.received) == 2
    assert (tmp_path / "alerts" / "state_store.unreadable").exists()


def test_a_disk_that_takes_no_file_keeps_no_alert_back(watcher_of, receiver, tmp_path):
    (tmp_path / "alerts").write_text("no folder can be made here")
    watcher = watcher_of()
    for _ in range(3):
        tick(watcher, **AWAY)
    assert told(receiver) == [STORE[0]]
    tick(watcher)
    assert told(receiver) == list(STORE)


def test_alerts_can_be_listed_while_the_store_is_away(watcher_of):
    tick(watcher_of(), **AWAY)
    away = watcher_of("postgresql://mta:unchecked@127.0.0.1:1/none")
    assert [alert.rule for alert in away.known([Phase.FIRING])] == ["state_unreachable"]


def test_the_file_is_beside_the_lake_or_the_uploads_and_holds_no_secret(watcher_of, tmp_path):
    assert ledger_path("s3://bucket/lake", tmp_path / "uploads").parent == tmp_path / "alerts"
    tick(watcher_of(), **AWAY)
    files = [path for path in (tmp_path / "alerts").iterdir() if path.suffix == ".json"]
    assert [SECRET.encode() in path.read_bytes() for path in files] == [False]
