"""`mta alerts`: who would hear of what is wrong, what is, and what could not be told; and the watch that needs no daemon. Rules and words are in `alerts`."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from mta_assets.alerts import pulse
from mta_assets.alerts.registry import RULES
from mta_assets.alerts.rounds import Told
from mta_assets.alerts.watcher import Watcher
from mta_assets.cli.options import FILE, configuration
from mta_assets.cli.output import say, show_json, show_table
from mta_assets.errors import ConfigError, did_you_mean
from mta_assets.settings import ApiSettings, LogSettings, Settings
from mta_assets.state.alert_records import Message, MessageState, Notice, Phase
from mta_assets.telemetry.setup import write_logs
from mta_assets.telemetry.streams import application

NOT_DELIVERED = 1  # exit code
SEND_SECONDS = 20.0
TEST = "test"
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_CONFIG = click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")


@click.group(name="alerts")
def command() -> None:
    """Send a test, list alerts and messages that could not be delivered, and watch without the daemon.

    Targets are under `alerts` in mta.yaml; what each alert means is in docs/operations.md.
    """


@command.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@_CONFIG
@click.pass_context
def test(ctx: click.Context, targets: tuple[str, ...], config_path: Path | None) -> None:
    """Send one test message to these targets, or to all, now: quiet hours are for alerts.

    Exit code 1 when one of them did not take it; it is then not tried again.
    """
    with _watcher(config_path) as watcher:
        known = watcher.config.targets
        if not known:
            raise ConfigError("mta.yaml has no target under alerts.targets; examples/mta.yaml shows some.")
        for name in targets:
            if name not in known:
                raise ConfigError(f"mta.yaml has no target {name!r} under alerts.targets. {did_you_mean(name, known)}")
        wrong = {name: watcher.send_now(_test_notice(name)) for name in targets or known}
    show_table(("target", "result"), [[(name, "delivered" if error is None else error) for name, error in wrong.items()]])
    if any(error is not None for error in wrong.values()):
        ctx.exit(NOT_DELIVERED)


@command.command(name="list")
@click.option(
    "--all", "everything", is_flag=True, help="Also those that are resolved, or whose condition does not hold for long enough yet."
)
@_CONFIG
@_AS_JSON
def list_(everything: bool, config_path: Path | None, as_json: bool) -> None:
    """List the alerts that fire, those that began last first."""
    with _watcher(config_path) as watcher:
        alerts = watcher.known(list(Phase) if everything else [Phase.FIRING])
    if as_json:
        show_json([asdict(alert) for alert in alerts])
        return
    if not alerts:
        say("No alert is known." if everything else "No alert fires.")
        return
    columns = ("alert", "about", "severity", "phase", "since", "told", "what")
    show_table(columns, [[(a.rule, a.subject, a.severity, a.phase, a.since, a.told_at, a.message) for a in alerts]])


@command.command()
@click.option("--after", metavar="CURSOR", help="Go on where a page ended.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="Messages of one page.")
@_CONFIG
@_AS_JSON
def dead(after: str | None, limit: int, config_path: Path | None, as_json: bool) -> None:
    """List the messages that were given up, because their target did not take them."""
    with _watcher(config_path) as watcher:
        page = watcher.alerts().messages(state=MessageState.DEAD, after=after, limit=limit)
    if as_json:
        show_json({"messages": [asdict(message) for message in page.items], "next": page.next})
        return
    if not page.items:
        say("No message was given up.")
        return
    columns = ("message", "target", "given up", "tries", "error", "alerts")
    show_table(columns, [[(m.id, m.target, m.ended_at, m.tries, m.error, _about(m)) for m in page.items]])
    say("\nSend one again: mta alerts retry MESSAGE")
    if page.next:
        say(f"There are more: mta alerts dead --after {page.next}")


@command.command()
@click.argument("message_ids", nargs=-1, required=True, metavar="MESSAGE...")
@_CONFIG
@click.pass_context
def retry(ctx: click.Context, message_ids: tuple[str, ...], config_path: Path | None) -> None:
    """Send messages that were given up again, at once. What fails again is tried as often as before, then given up."""
    with _watcher(config_path) as watcher:
        for id_ in message_ids:
            watcher.alerts().retry(id_, now=watcher.now())
        told = watcher.send(SEND_SECONDS)
    say(f"{told.sent} messages sent, {told.failed} failed and to be tried again.")
    if told.failed:
        ctx.exit(NOT_DELIVERED)


@command.command()
@click.option("--once", is_flag=True, help="Look once, send what is due, and end.")
@_CONFIG
def watch(once: bool, config_path: Path | None) -> None:
    """Look every MTA_ALERT_SECONDS for what is wrong, until Ctrl-C, and log what was told.

    The daemon's sensor does the same and sees failed runs as well; this watch sees that the daemon, or its database, is away. Both may run: what one has
    told the other does not tell again.
    """
    from mta_assets.alerts.gather import Gatherer  # noqa: PLC0415  loads what reads the lake
    from mta_assets.alerts.patience import PatientWatch  # noqa: PLC0415  the same

    settings = Settings()
    with _watcher(config_path) as watcher:
        gatherer = Gatherer.of(settings, ApiSettings(), configuration(config_path), watcher.store, watcher.now)

        if once:
            if (told := watcher.tick(gatherer.facts(), seconds=SEND_SECONDS)) != Told():
                say(f"{told.sent} messages sent, {told.failed} failed and to be tried again.")
            return
        write_logs(LogSettings(), "watch")
        patient = PatientWatch(watcher, gatherer, send_seconds=SEND_SECONDS)
        with _until_terminated() as ended:
            while not ended.is_set():
                began = time.monotonic()
                pulse.beat()
                if (told := patient.look()) != Told():
                    application.info("alerts told", sent=told.sent, failed=told.failed)
                ended.wait(max(0.0, settings.alert_seconds - (time.monotonic() - began)))


@command.command()
def rules() -> None:
    """List what there is an alert for; docs/operations.md says what each means and what to do."""
    show_table(("alert", "what"), [[(rule.name, rule.title) for rule in RULES.values()]])


@contextmanager
def _watcher(config_path: Path | None) -> Iterator[Watcher]:
    watcher = Watcher.from_settings(Settings(), configuration(config_path).alerts)
    try:
        yield watcher
    finally:
        watcher.store.close()


@contextmanager
def _until_terminated() -> Iterator[threading.Event]:
    """What is set when the process is told to end, as a container is: a message that is being sent then is sent to its end."""
    ended = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        yield ended
    finally:
        signal.signal(signal.SIGTERM, before)


def _test_notice(target: str) -> Notice:
    now = datetime.now(UTC)
    text = "This is a test: alerts of mta reach this target. Nothing is wrong."
    return Notice(target=target, kind=TEST, rule=TEST, subject=target, severity="warning", text=text, since=now, at=now, due_at=now)


def _about(message: Message) -> str:
    return ", ".join(f"{notice.kind} {notice.rule} {notice.subject}" for notice in message.notices)
