"""From a computation to an answer: format, ETag, cache, pages. Views say what is computed; how it reaches the client is decided here."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import orjson
from flask import Response, request
from pydantic import BaseModel
from werkzeug.http import parse_etags

from api.cache import LayeredCache, cache
from api.exchange import Exchange
from api.passage import Again, passage
from api.problems import Problem, refuse
from api.representations import JSON, TABULAR, WORTH_COMPRESSING_BYTES, Result, body_of, compressed
from mta_assets.errors import LakeError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

ENCODINGS: Final = ("zstd", "gzip")
# A good answer is kept this much longer, to be served when the lake cannot be read.
STALE_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """In which form the client takes the answer."""

    media: str
    encoding: str


def form(*, tabular: bool) -> Form:
    """What Accept and Accept-Encoding ask for. Raises Problem when none of our formats is acceptable."""
    offered = [JSON, *TABULAR] if tabular else [JSON]
    media = request.accept_mimetypes.best_match(offered) if request.accept_mimetypes else JSON
    if media is None:
        refuse("not_acceptable", f"This result can be had as {', '.join(offered)}.", formats=offered)
    encoding = (
        next((name for name in ENCODINGS if request.accept_encodings[name] > 0), "identity") if request.accept_encodings else "identity"
    )
    return Form(media=media, encoding=encoding)


def shown(model: BaseModel, status: int = 200) -> Response:
    """An answer of its own moment, which nobody keeps."""
    return Response(model.model_dump_json(), status, content_type=JSON)


def served(
    *,
    version: Callable[[], str],
    parameters: BaseModel | None,
    seconds: int,
    compute: Callable[[str], Result],
    tabular: bool = True,
    alike: bool = False,
) -> Response:
    """The answer to this GET: 304 when the client has it, from the cache when it is there, else computed, once for all that ask at a time.

    version: of the tables it is made of; it and the parameters are the cache key and the ETag, so that new data are seen at once. compute: from the
    version. seconds: how long it is kept. alike: whether everyone whom the route lets in gets the same, so that the same words need not be read twice. When
    the lake cannot be read, the last good answer is served as STALE.
    """
    asked, answers = form(tabular=tabular), cache()
    question = _digest(request.path, "" if parameters is None else parameters.model_dump_json(), asked.media, asked.encoding)
    if alike:
        passage().remember(_recalled(answers, question, version, seconds))
    try:
        return _current(answers, question, asked, version(), seconds, compute)
    except LakeError:
        log.exception("the lake cannot be read")
        return _stale(answers, question)


class Whole(Response):
    """An answer of which nothing is left to be worked out: it is sent as it is."""

    def get_wsgi_response(self, environ: "WSGIEnvironment") -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Body, status and headers."""
        body = () if environ["REQUEST_METHOD"] == "HEAD" else cast("Iterable[bytes]", self.response)
        return body, self.status, self.headers.to_wsgi_list()


def _recalled(answers: LayeredCache, question: str, version: Callable[[], str], seconds: int) -> Again:
    """Answers the question in the same words, as long as the cache has the answer of the version of that moment."""

    def again(exchange: Exchange) -> Response | None:
        try:
            return _kept(answers, question, version(), seconds, exchange.header("If-None-Match"))
        except LakeError:
            return None  # what then becomes of it, `served` decides

    return again


def _kept(answers: LayeredCache, question: str, version: str, seconds: int, held: str | None) -> Response | None:
    """304 when the client has the answer of this version, or the answer when the cache has it. held: the tags of what the client has."""
    key = _digest(question, version)
    if held and parse_etags(held).contains(key):
        unchanged = Whole(status=304)
        del unchanged.headers["Content-Type"]
        return _finished(unchanged, key, seconds, "HIT")
    found = answers.get(key)
    return None if found is None else _finished(unpacked(found), key, seconds, "HIT")


def _current(answers: LayeredCache, question: str, asked: Form, version: str, seconds: int, compute: Callable[[str], Result]) -> Response:
    """The answer of this version."""
    kept = _kept(answers, question, version, seconds, request.headers.get("If-None-Match"))
    if kept is not None:
        return kept
    key = _digest(question, version)
    made, status = computed(answers, key, seconds, lambda: packed(compute(version), asked))
    answers.set(f"last:{question}", made, STALE_SECONDS)
    return _finished(unpacked(made), key, seconds, status)


def computed(answers: LayeredCache, key: str, seconds: int, make: Callable[[], bytes]) -> tuple[bytes, str]:
    """(what is kept under the key, HIT) or (what was made now, once for all that ask at a time, MISS)."""
    with answers.alone(key):
        found = answers.get(key)
        if found is not None:  # somebody else has just computed it
            return found, "HIT"
        made = make()
        answers.set(key, made, seconds)
        return made, "MISS"


def _stale(answers: LayeredCache, question: str) -> Response:
    found = answers.get(f"last:{question}")
    if found is None:
        raise Problem(
            code="unavailable", message="The lake cannot be read at this moment, and this result was not asked for before.", retry_after=10
        )
    response = unpacked(found)
    response.headers.update({"X-Cache-Status": "STALE", "Cache-Control": "no-store"})
    return response


def packed(result: Result, asked: Form) -> bytes:
    """An answer as the cache keeps it: a line of JSON with its headers, then its body."""
    body, encoding = body_of(result, asked.media), asked.encoding
    if len(body) < WORTH_COMPRESSING_BYTES:
        encoding = "identity"
    headers = {"Content-Type": asked.media} | ({"Content-Encoding": encoding} if encoding != "identity" else {})
    return orjson.dumps(headers) + b"\n" + compressed(body, encoding)


def unpacked(kept: bytes) -> Response:
    """The answer that `packed` made."""
    head, _, body = kept.partition(b"\n")
    return Whole(body, headers=orjson.loads(head))


def _finished(response: Response, key: str, seconds: int, status: str) -> Response:
    said = {
        "ETag": f'"{key}"',
        "X-Cache-Status": status,
        # A client may keep it, and asks with every use whether it still holds: new data are seen at once.
        "Cache-Control": f"private, no-cache, max-age={seconds}",
        "Vary": "Accept, Accept-Encoding",
    }
    response.headers.extend(said)
    return response


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
