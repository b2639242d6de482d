"""`mta erasures`: the records of who was erased, which name nobody: listed, shown, verified. Erasing is `mta erase`."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from mta_assets.cli.output import say, show_json, show_table
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.erasures import Erasure, Erasures
from mta_assets.state.pepper import read_privacy_keys
from mta_assets.state.store import StateStore

NOT_GENUINE = 1  # exit code
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group(name="erasures")
def command() -> None:
    """List and verify the records of erasures.

    A record holds keyed hashes of the erased ids, what was removed where, the days that were recomputed, who asked and when; it is signed under
    the privacy key (MTA_PRIVACY_KEY).
    """


@command.command(name="list")
@click.option("--after", metavar="CURSOR", help="Go on where a page ended.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="Records of one page.")
@_AS_JSON
def list_(after: str | None, limit: int, as_json: bool) -> None:
    """List the erasures, the newest first."""
    with opened() as (_, erasures):
        page = erasures.list(after=after, limit=limit)
    if as_json:
        show_json({"erasures": [document(erasure) for erasure in page.items], "next": page.next})
        return
    if not page.items:
        say("Nobody was erased yet.")
        return
    rows = [(e.id, e.state, len(e.marks), sum(e.counts.values()), e.requested_by, e.requested_at, e.finished_at) for e in page.items]
    show_table(("id", "state", "users", "removed", "asked by", "asked", "ended"), [rows])
    if page.next:
        say(f"\nThere are more: mta erasures list --after {page.next}")


@command.command(name="show")
@click.argument("erasure_id", metavar="ID")
@_AS_JSON
def show_(erasure_id: str, as_json: bool) -> None:
    """Show a record."""
    with opened() as (_, erasures):
        erasure = erasures.get(erasure_id)
    if as_json:
        show_json(document(erasure))
    else:
        show(erasure)


@command.command()
@click.argument("erasure_id", metavar="ID", required=False)
@click.pass_context
def verify(ctx: click.Context, erasure_id: str | None) -> None:
    """Say whether a record, or every one, is as it was signed.

    \b
    Exit codes: 0 all that are signed are genuine, 1 one is not, or its key is not there.
    """  # noqa: D301  click's own mark for lines that stay as they are
    with opened() as (_, erasures):
        records = [erasures.get(erasure_id)] if erasure_id else list(_all(erasures))
        verdicts = [(erasure, erasures.is_genuine(erasure)) for erasure in records]
    for erasure, genuine in verdicts:
        say(f"{erasure.id}  {_verdict(erasure, genuine)}")
    if any(not genuine for erasure, genuine in verdicts if erasure.signature):
        ctx.exit(NOT_GENUINE)


@contextmanager
def opened() -> Iterator[tuple[StateStore, Erasures]]:
    """The state store and its erasures."""
    settings = Settings()
    keys = read_privacy_keys(settings, ApiSettings())
    store = StateStore(settings.state_url)
    try:
        store.migrate()
        yield store, Erasures(store, keys)
    finally:
        store.close()


def document(erasure: Erasure) -> dict[str, object]:
    """A record, for machines."""
    names = ("id", "state", "requested_by", "requested_at", "finished_at", "key_id", "counts", "signature")
    return {name: getattr(erasure, name) for name in names} | {
        name: list(getattr(erasure, name)) for name in ("marks", "days", "remaining")
    }


def show(erasure: Erasure) -> None:
    """A record, for a person."""
    say(f"{erasure.id}: {erasure.state}, asked for by {erasure.requested_by} at {erasure.requested_at:%Y-%m-%d %H:%M:%S} UTC")
    if erasure.counts:
        show_table(("removed from", "rows"), [list(erasure.counts.items())])
    if erasure.finished_at:
        say(f"days recomputed: {', '.join(erasure.days) or 'none'}")
    for left in erasure.remaining:
        say(f"left: {left}")


def _all(erasures: Erasures) -> Iterator[Erasure]:
    page = erasures.list()
    yield from page.items
    while page.next:
        page = erasures.list(after=page.next)
        yield from page.items


def _verdict(erasure: Erasure, genuine: bool | None) -> str:
    if erasure.signature is None:
        return "not signed yet: it is pending"
    if genuine is None:
        return f"cannot be verified: the privacy key {erasure.key_id} is not there"
    return "genuine" if genuine else "NOT as it was signed"
