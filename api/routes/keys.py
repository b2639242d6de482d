"""`/v1/keys`: made, listed, rotated and revoked by whoever administers keys. Nobody grants what they may not do themselves."""

from collections.abc import Iterable
from datetime import timedelta

from flask import Response

from api.auditing import about
from api.auth import forget_key
from api.exchange import caller
from api.problems import refuse
from api.routing import Routes
from api.schemas.keys import HOUR, Key, KeyList, KeyMade, KeyPath, NewKey, Rotation, fields_of
from api.schemas.lists import ListQuery
from api.services import services
from api.serving import shown
from mta_assets.state.access import Scope
from mta_assets.state.keys import KeyRecord

routes = Routes("keys", "/v1/keys", tag="keys")


@routes.view("post", "", scope=Scope.KEYS_ADMIN, answers={201: KeyMade}, shown_once=("key",))
def create_key(body: NewKey) -> Response:
    """Make a key. The answer shows it, once."""
    _may_grant(body.granted())
    record, presented = services().keys.create(
        owner=body.owner,
        name=body.name,
        role=body.role,
        scopes=body.scopes,
        lifetime=timedelta(days=body.lifetime_days),
        limit_per_hour=body.limit_per_hour,
        now=services().now(),
    )
    return _made(record, presented)


@routes.view("get", "", scope=Scope.KEYS_ADMIN, answers={200: KeyList})
def list_keys(query: ListQuery) -> Response:
    """All keys, the newest first."""
    page = services().keys.list(after=query.cursor, limit=query.limit)
    return shown(KeyList(data=[_key(record) for record in page.items], next_cursor=page.next))


@routes.view("get", "/<key_id>", scope=Scope.KEYS_ADMIN, answers={200: Key})
def get_key(path: KeyPath) -> Response:
    """All that is known of a key."""
    return shown(_key(services().keys.get(path.key_id)))


@routes.view("post", "/<key_id>/rotate", scope=Scope.KEYS_ADMIN, answers={201: KeyMade}, shown_once=("key",))
def rotate_key(path: KeyPath, body: Rotation) -> Response:
    """Make a key that may do the same and takes the place of this one, which works on for the overlap. The answer shows the new key, once."""
    keys = services().keys
    _may_grant(keys.get(path.key_id).scopes)
    record, presented = keys.rotate(path.key_id, overlap=body.overlap_hours * HOUR, now=services().now())
    forget_key(path.key_id)
    return _made(record, presented, replaces=path.key_id)


@routes.view("delete", "/<key_id>", scope=Scope.KEYS_ADMIN, answers={200: Key})
def revoke_key(path: KeyPath) -> Response:
    """Refuse a key from now on; other processes may let it in for two seconds more."""
    record = services().keys.revoke(path.key_id, services().now())
    forget_key(path.key_id)
    return shown(_key(record))


def _may_grant(scopes: Iterable[Scope]) -> None:
    """Raises Problem when the caller would hand out what it may not do."""
    more = sorted(set(scopes) - caller().scopes)
    if more:
        refuse("forbidden", f"You cannot grant what you may not do yourself: {', '.join(more)}.", scopes=more)


def _made(record: KeyRecord, presented: str, **details: str) -> Response:
    about(record.id, of=record.owner, scopes=sorted(record.scopes), **details)
    return shown(KeyMade.model_validate({**fields_of(record, "valid"), "key": presented}), 201)


def _key(record: KeyRecord) -> Key:
    return Key.model_validate(fields_of(record, str(record.refusal(services().now()) or "valid")))
