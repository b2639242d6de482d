"""`mta keys`: the keys of the API, by hand. What a key is, and how it is kept, is in `state`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from mta_assets.cli.output import say, show_json, show_table
from mta_assets.errors import StateError
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.access import MEANINGS, ROLES
from mta_assets.state.keys import LIFETIME, LONGEST_LIFETIME, OVERLAP, KeyRecord, Keys
from mta_assets.state.pepper import read_pepper
from mta_assets.state.store import StateStore
from mta_assets.telemetry.streams import security

SHOWN_ONCE = "This is the only time that the key is shown: store it now. Send it as the header X-API-Key."
RENEWED_BEFORE = timedelta(days=30)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_OVERLAP = click.IntRange(0, LONGEST_LIFETIME // timedelta(hours=1))


@click.group(name="keys")
def command() -> None:
    """Make, list, rotate and revoke the keys of the API.

    Keys are in the state store (MTA_STATE_URL), as hashes under the pepper (MTA_API_PEPPER).
    """


@command.command()
@click.option("--owner", required=True, help="Whose it is: jobs and files belong to the owner of the key that sent them.")
@click.option("--name", required=True, help="What it is for.")
@click.option("--role", type=click.Choice(list(ROLES)), help="What it may do. [default: viewer, without --scope]")
@click.option(
    "--scope", "scopes", type=click.Choice([str(scope) for scope in MEANINGS]), multiple=True, help="Instead of a role; repeatable."
)
@click.option("--days", type=click.IntRange(1, LONGEST_LIFETIME.days), default=LIFETIME.days, show_default=True, help="How long it lives.")
@click.option("--limit-per-hour", type=click.IntRange(min=1), help="Its own limit of requests. [default: MTA_API_LIMIT_PER_HOUR]")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Put it there instead; a good key that is there stays.")
@_AS_JSON
def create(
    owner: str,
    name: str,
    role: str | None,
    scopes: Sequence[str],
    days: int,
    limit_per_hour: int | None,
    file: Path | None,
    as_json: bool,
) -> None:
    """Make a key and show it, once.

    With --file it is made for a program that reads it there, unless the file has one that works for another month.
    """
    with _keys() as keys:
        if file and _is_good(keys, file):
            say(f"{file} has a key that works.")
            return
        record, presented = keys.create(
            owner=owner,
            name=name,
            role=role if role or scopes else "viewer",
            scopes=scopes or None,
            lifetime=timedelta(days=days),
            limit_per_hour=limit_per_hour,
            now=_now(),
        )
    security.info("key made", key_id=record.id, role=record.role, scopes=sorted(record.scopes), expires_at=record.expires_at)
    if file:
        _put(presented, file)
        _show(record, as_json)
        return
    _show_new(record, presented, as_json)


@command.command(name="list")
@click.option("--after", metavar="CURSOR", help="Go on where a page ended.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="Keys of one page.")
@_AS_JSON
def list_(after: str | None, limit: int, as_json: bool) -> None:
    """List the keys, the newest first."""
    with _keys() as keys:
        page = keys.list(after=after, limit=limit)
    if as_json:
        show_json({"keys": [_document(record) for record in page.items], "next": page.next})
        return
    if not page.items:
        say("There is no key yet. Make one: mta keys create --owner NAME --name PURPOSE --role analyst")
        return
    now = _now()
    columns = ("id", "owner", "name", "may", "state", "expires", "last used")
    show_table(columns, [[(r.id, r.owner, r.name, _may(r), _state(r, now), r.expires_at, r.last_used_at) for r in page.items]])
    if page.next:
        say(f"\nThere are more: mta keys list --after {page.next}")


@command.command()
@click.argument("key_id", metavar="ID")
@_AS_JSON
def show(key_id: str, as_json: bool) -> None:
    """Show all that is known of a key."""
    with _keys() as keys:
        _show(keys.get(key_id), as_json)


@command.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap-hours", type=_OVERLAP, default=OVERLAP // timedelta(hours=1), show_default=True, help="How long the old key works on."
)
@_AS_JSON
def rotate(key_id: str, overlap_hours: int, as_json: bool) -> None:
    """Make a key that takes the place of another, and show it, once."""
    with _keys() as keys:
        record, presented = keys.rotate(key_id, overlap=timedelta(hours=overlap_hours), now=_now())
        old = keys.get(key_id)
    security.info("key rotated", key_id=key_id, replaced_by=record.id, works_until=old.expires_at)
    _show_new(record, presented, as_json)
    if not as_json:
        say(f"The old key {old.id} works until {old.expires_at:%Y-%m-%d %H:%M:%S} UTC.")


@command.command()
@click.argument("key_id", metavar="ID")
@_AS_JSON
def revoke(key_id: str, as_json: bool) -> None:
    """Refuse a key from now on."""
    with _keys() as keys:
        revoked = keys.revoke(key_id, _now())
    security.info("key revoked", key_id=key_id)
    _show(revoked, as_json)


@contextmanager
def _keys() -> Iterator[Keys]:
    settings = ApiSettings()
    pepper = read_pepper(settings)
    store = StateStore(Settings().state_url)
    try:
        store.migrate()
        yield Keys(store, pepper, development=settings.mode == "development")
    finally:
        store.close()


def _is_good(keys: Keys, file: Path) -> bool:
    """Whether the file has a key that will still be good in a month."""
    if not file.exists():
        return False
    return isinstance(keys.check(file.read_text(encoding="utf-8").strip(), _now() + RENEWED_BEFORE), KeyRecord)


def _put(presented: str, file: Path) -> None:
    """The key in the file, whole or not at all, for its owner and group."""
    own = file.with_name(f".{file.name}.new")
    try:
        own.unlink(missing_ok=True)
        own.touch(mode=0o640)
        own.write_text(presented, encoding="utf-8")
        own.replace(file)
    except OSError as error:
        raise StateError(
            f"The key was made, but cannot be put into {file}: {error.strerror}. Revoke it, and name a file that can be written."
        ) from error


def _now() -> datetime:
    return datetime.now(UTC)


def _may(record: KeyRecord) -> str:
    return record.role or " ".join(sorted(record.scopes))


def _state(record: KeyRecord, now: datetime) -> str:
    if reason := record.refusal(now):
        return str(reason)
    return f"replaced by {record.replaced_by}" if record.replaced_by else "valid"


def _document(record: KeyRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "owner": record.owner,
        "name": record.name,
        "role": record.role,
        "scopes": sorted(record.scopes),
        "state": _state(record, _now()),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "last_used_at": record.last_used_at,
        "limit_per_hour": record.limit_per_hour,
        "replaced_by": record.replaced_by,
    }


def _show(record: KeyRecord, as_json: bool) -> None:
    if as_json:
        show_json(_document(record))
        return
    for name, value in _document(record).items():
        shown = " ".join(value) if isinstance(value, list) else value
        say(f"{name + ':':<16}{'-' if shown is None else shown}")


def _show_new(record: KeyRecord, presented: str, as_json: bool) -> None:
    if as_json:
        show_json({"key": presented, **_document(record)})
    else:
        say(presented)
        _show(record, as_json=False)
    click.echo(SHOWN_ONCE, err=True)
