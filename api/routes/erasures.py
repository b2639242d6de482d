"""`/v1/erasures`: having users erased, and the records of it. The daemon does it; erasing is `mta_assets.erasure`'s."""

from flask import Response

from api.auditing import about
from api.exchange import caller
from api.routing import Routes
from api.schemas.erasures import ErasureEntry, ErasureList, ErasurePath, NewErasure, entry_of
from api.schemas.lists import ListQuery
from api.services import services
from api.serving import shown
from mta_assets.state.access import Scope
from mta_assets.state.erasures import Erasure, Ids

routes = Routes("erasures", "/v1/erasures", tag="erasures")


@routes.view("post", "", scope=Scope.PRIVACY_ERASE, answers={202: ErasureEntry})
def create_erasure(body: NewErasure) -> Response:
    """Have users erased from everything that is kept. It is done by the daemon as soon as no run is under way; ask for the erasure to see how it ended."""
    ids = Ids(user_ids=tuple(body.user_ids), conversion_ids=tuple(body.conversion_ids))
    asked = services().erasures.ask(ids, requested_by=caller().owner, now=services().now())
    about(asked.id, ids=len(body.user_ids) + len(body.conversion_ids))
    return shown(_entry(asked), 202)


@routes.view("get", "", scope=Scope.PRIVACY_ERASE, answers={200: ErasureList})
def list_erasures(query: ListQuery) -> Response:
    """Every erasure, the newest first."""
    page = services().erasures.list(after=query.cursor, limit=query.limit)
    return shown(ErasureList(data=[_entry(each) for each in page.items], next_cursor=page.next))


@routes.view("get", "/<erasure_id>", scope=Scope.PRIVACY_ERASE, answers={200: ErasureEntry})
def get_erasure(path: ErasurePath) -> Response:
    """An erasure: how far it is, or what was removed where."""
    return shown(_entry(services().erasures.get(path.erasure_id)))


def _entry(erasure: Erasure) -> ErasureEntry:
    return entry_of(erasure, genuine=services().erasures.is_genuine(erasure))
