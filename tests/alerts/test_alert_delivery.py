"""Messages arrive by real HTTP and real SMTP, and no secret shows when they do not."""

from dataclasses import replace

import orjson
import pytest
import requests
from pydantic import ValidationError

from mta_assets.alerts.delivery import Courier, single
from mta_assets.alerts.wording import text
from mta_assets.config_alerts import AlertsConfig, AlertTarget
from mta_assets.settings import variable
from mta_assets.state.alert_records import Message, MessageState, Notice
from tests.alerts.mail_receiver import mailbox
from tests.alerts.scene import DOWN, UP, Scene, hook

PASSWORD, TOKEN = {"ALERT_PASSWORD": "hunter2-and-more"}, {"TOKEN": "xoxb-0123456789/abcdefgh"}


@pytest.fixture
def mail():
    with mailbox() as box:
        yield box


@pytest.fixture
def message(clock):
    about = {"target": "ops", "rule": "redis_unreachable", "subject": "redis", "severity": "error", "text": "It is gone."}
    notice = Notice(kind="firing", since=clock(), at=clock(), due_at=clock(), **about)
    when = {"due_at": clock(), "created_at": clock()}
    return Message(id="al_1", target="ops", state=MessageState.PENDING, tries=1, notices=(notice,), **when)


def courier(clock, target, **variables):
    return Courier({"ops": AlertTarget.model_validate(target)}, variable=variables.get, now=clock)


def test_an_alert_and_its_end_arrive_by_mail(store, clock, mail):
    scene = Scene(store, clock, {"mail": {"url": f"mailto://127.0.0.1:{mail.port}?from=mta@example.com&to=ops@example.com"}})
    assert scene.tick(parts={"redis": DOWN}).sent == 1
    assert scene.tick(parts={"redis": UP}).sent == 1
    (recipients, first), (_, second) = mail.received
    assert recipients == ["ops@example.com"]
    assert first["Subject"] == "[error] Redis does not answer: redis"
    assert second["Subject"] == "[resolved] Redis does not answer: redis"
    body = first.get_content()
    assert DOWN in body
    assert "To do: Start Redis" in body
    assert first["MTA-Delivery"].startswith("al_")
    assert first["MTA-Delivery"] in body


def test_mail_that_is_refused_is_no_mail_sent_and_the_reason_is_kept(clock, mail, message):
    mail.refuse = "451 come back later"
    wrong = courier(clock, {"url": f"mailto://127.0.0.1:{mail.port}?from=mta@example.com&to=ops@example.com"}).deliver(message)
    assert "451" in wrong
    assert mail.received == []


def test_a_secret_comes_from_the_environment_and_appears_in_no_error(clock, receiver, message):
    address = receiver.url.removeprefix("http://").split("?")[0]
    target = {"url": f"json://ops:${{ALERT_PASSWORD}}@{address}"}
    assert courier(clock, target, **PASSWORD).deliver(message) is None
    assert receiver.received[0][1]["Authorization"].startswith("Basic ")
    assert orjson.loads(receiver.received[0][2])["title"] == "[error] Redis does not answer: redis"
    receiver.status = 500
    wrong = courier(clock, target, **PASSWORD).deliver(message)
    assert wrong
    assert "hunter2" not in wrong


@pytest.mark.parametrize("url", ["json://127.0.0.1:1/${TOKEN}", "${TOKEN}", "nothing-that-apprise-knows://${TOKEN}"])
def test_an_address_that_is_wrong_is_told_without_what_it_holds(clock, message, url):
    wrong = courier(clock, {"url": url}, **TOKEN).deliver(message)
    assert wrong
    assert "0123456789" not in wrong


def test_a_variable_that_is_not_set_is_named(clock, message):
    assert "ALERT_URL" in courier(clock, {"url": "${ALERT_URL}"}).deliver(message)


def test_a_variable_is_of_the_environment_or_a_file_among_the_secrets(tmp_path, monkeypatch):
    assert variable("ALERT_URL") is None
    monkeypatch.setenv("MTA_SECRETS", str(tmp_path))
    assert variable("ALERT_URL") is None
    (tmp_path / "alert_url").write_text("json://of.a/file\n")
    assert variable("ALERT_URL") == "json://of.a/file"
    monkeypatch.setenv("ALERT_URL", "json://of.the/environment")
    assert variable("ALERT_URL") == "json://of.the/environment"


def test_a_target_that_mta_yaml_has_no_more_takes_nothing(clock, message):
    assert "no target 'ops'" in Courier({}, variable={}.get, now=clock).deliver(message)


@pytest.mark.parametrize(
    "target",
    [
        {"url": "slack://TokenA/TokenB/TokenC"},
        {"url": "mailtos://user:password@example.com"},
        {"webhook": "https://h/", "secret": "in the file"},
        {"webhook": "https://h/"},
        {"url": "mailto://h", "webhook": "https://h/", "secret": "${S}"},
        {},
    ],
)
def test_a_target_with_a_secret_in_the_file_or_without_one_address_is_refused(target):
    with pytest.raises(ValidationError):
        AlertsConfig.model_validate({"targets": {"ops": target}})


def test_pagerduty_gets_an_event_per_alert_whose_end_has_the_same_key(store, clock, monkeypatch):
    """PagerDuty itself cannot be had: what apprise would post to it is looked at."""
    posted = []

    def post(url, data=None, **_):
        posted.append(orjson.loads(data))
        answer = type("Answer", (), {"status_code": 202, "content": b"{}", "text": ""})
        return answer()

    monkeypatch.setattr("apprise.plugins.pagerduty.requests.post", post)
    monkeypatch.setattr("tests.alerts.scene.VARIABLES", {"PAGER": "pagerduty://" + "A" * 32 + "@" + "B" * 20})
    scene = Scene(store, clock, {"pager": {"url": "${PAGER}"}})
    assert single(scene.config.targets, {"PAGER": "pagerduty://k@a"}.get) == {"pager"}
    scene.tick(parts={"redis": DOWN, "lake": DOWN})
    scene.tick(parts={"redis": UP, "lake": DOWN})
    events = [(each["event_action"], each["dedup_key"]) for each in posted]
    lake, redis = "lake_unreachable:lake", "redis_unreachable:redis"
    assert sorted(events[:2]) == [("trigger", lake), ("trigger", redis)]
    assert events[2:] == [("resolve", redis)]


def test_of_many_alerts_some_are_shown_and_the_rest_counted(message):
    many = replace(message, notices=message.notices * 25)
    assert "and 5 more" in text(many)
    assert len(text(many)) < 10_000


def test_a_webhook_that_is_signed_needs_its_secret_where_it_is_sent(clock, receiver, message):
    assert "ALERT_SECRET" in courier(clock, hook(receiver.url)).deliver(message)
    assert receiver.received == []


SLACK = "slack://T00000000/B00000000/" + "x" * 24
TEAMS = "workflows://prod-1.example.com/" + "a" * 32 + "/" + "b" * 43


@pytest.mark.parametrize(
    ("url", "at"), [(SLACK, "https://hooks.slack.com/services/T00000000/"), (TEAMS, "https://prod-1.example.com/workflows/")]
)
def test_what_slack_and_teams_are_sent_says_what_is_wrong_and_what_to_do(clock, receiver, message, monkeypatch, url, at):
    """Their addresses are fixed: what is sent to them goes to a receiver of this machine, all else is as apprise has it."""
    asked, send = [], requests.Session.send

    def here(session, prepared, **how):
        asked.append(prepared.url)
        prepared.url = receiver.url
        return send(session, prepared, **how)

    receiver.body = b"ok"
    monkeypatch.setattr(requests.Session, "send", here)
    assert courier(clock, {"url": "${CHAT}"}, CHAT=url).deliver(message) is None
    assert asked[0].startswith(at)
    ((_, headers, body),) = receiver.received
    assert headers["Content-Type"].startswith("application/json")
    said = str(orjson.loads(body)).replace("\\", "")  # Teams' Markdown is escaped
    for part in ("[error] Redis does not answer: redis", "It is gone.", "To do: Start Redis", "Message al_1"):
        assert part in said, part
