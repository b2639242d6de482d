"""The way of every request: the steps that the parts of the application take with it, around Flask, or without Flask where the same words were answered before.

Reading a question (its route, its parameters, their validation, the view) takes several times as long as finding its answer. Who asks in known words takes
the same steps as everybody: whoever may not ask is refused, limits are charged, the request is counted and noted.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final, cast

from flask import Flask, Response, current_app, request

from api.exchange import Exchange, Place, current, exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EXTENSION: Final = "mta.passage"
# Questions that are recognised by their words; each takes less than a kilobyte.
MOST_KNOWN: Final = 4_096
_READING: Final = frozenset({"GET", "HEAD"})
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

Begin = Callable[[Exchange], None]
Finish = Callable[[Exchange, Response], None]
End = Callable[[Exchange], None]
Again = Callable[[Exchange], Response | None]
_Words = tuple[str, str, str, str]  # path, query, Accept, Accept-Encoding


@dataclass(frozen=True, slots=True)
class _Known:
    """Words that were read before: where they lead, and what answers them, if it can."""

    place: Place
    again: Again


class Passage:
    """The steps, in the order in which they were given: `begin` before anything is done, `finish` with the answer, `end` when all is over, whatever came of it.

    Those that finish take their turns backwards, so that a part that begins early sees all that others did. What a step that begins raises is answered by
    Flask's handlers, as what a view raises.
    """

    def __init__(self) -> None:
        self._begins: list[Begin] = []
        self._finishes: list[Finish] = []
        self._ends: list[End] = []
        self._known = OrderedDict[_Words, _Known]()
        # A name of this process and a number: as unique as a random name, without asking the system for randomness each time.
        self._process, self._numbers = secrets.token_hex(10), count()

    def begin(self, step: Begin) -> Begin:
        """Take this step when the route is known."""
        self._begins.append(step)
        return step

    def finish(self, step: Finish) -> Finish:
        """Take this step with the answer, before those that were given earlier."""
        self._finishes.insert(0, step)
        return step

    def end(self, step: End) -> End:
        """Take this step with every request whose steps have begun."""
        self._ends.insert(0, step)
        return step

    def lead(self, app: Flask) -> None:
        """Lead every request of the application this way."""
        app.extensions[EXTENSION] = self
        self._flask: WSGIApplication = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]
        app.before_request(self._enter)
        app.after_request(self._leave)

    def remember(self, again: Again) -> None:
        """Answer the words of the request under way by this from now on, where it can: for GETs whose answer is the same for all who may ask."""
        under_way = exchange()
        self._known[_words(under_way.environ)] = _Known(under_way.place, again)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        name = given if given and _ID.fullmatch(given) else f"{self._process}{next(self._numbers):012x}"
        under_way = Exchange(environ, name)
        outside = current.set(under_way)
        try:
            answer = self._short(under_way)
            return (answer or self._flask)(environ, start_response)
        finally:
            if under_way.begun:
                for step in self._ends:
                    step(under_way)
            current.reset(outside)

    def _short(self, under_way: Exchange) -> Response | None:
        """The answer to known words. None when they are not known, cannot be answered by what is at hand, or may not be asked: Flask says why."""
        known = self._known.get(_words(under_way.environ)) if under_way.method in _READING else None
        if known is None:
            return None
        under_way.place = known.place
        self._take_first_steps(under_way)
        answer = None if under_way.refusal else known.again(under_way)
        if answer is not None:
            self._take_last_steps(under_way, answer)
        return answer

    def _take_first_steps(self, under_way: Exchange) -> None:
        """Once. What they raise is kept for Flask."""
        if under_way.begun:
            return
        under_way.begun = True
        try:
            for step in self._begins:
                step(under_way)
        except Exception as error:  # noqa: BLE001  whatever it is, Flask's handlers have words for it
            under_way.refusal = error

    def _take_last_steps(self, under_way: Exchange, answer: Response) -> None:
        for step in self._finishes:
            step(under_way, answer)

    def _enter(self) -> None:
        """As Flask calls it before every view, also where there is none."""
        under_way, asked = exchange(), request
        named = next(iter((asked.view_args or {}).values()), None)
        under_way.place = Place(asked.endpoint, asked.url_rule.rule if asked.url_rule else None, named)
        self._take_first_steps(under_way)
        if under_way.refusal is not None:
            raise under_way.refusal

    def _leave(self, answer: Response) -> Response:
        """As Flask calls it with every answer."""
        self._take_last_steps(exchange(), answer)
        return answer


def _words(environ: "WSGIEnvironment") -> _Words:
    """The question as it came."""
    given = environ.get
    return (given("PATH_INFO", ""), given("QUERY_STRING", ""), given("HTTP_ACCEPT", ""), given("HTTP_ACCEPT_ENCODING", ""))


def passage() -> Passage:
    """The passage of the application that handles this request."""
    return cast("Passage", current_app.extensions[EXTENSION])
