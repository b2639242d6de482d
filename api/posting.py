"""What every POST goes through before its view: its files are received, and a request that was sent before is answered and not done again."""

import hashlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

from flask import request

from api.idempotency import once
from api.uploads import receiving

View = TypeVar("View", bound=Callable[..., Any])


def posted(view: View, parts: Sequence[str], shown_once: Sequence[str]) -> View:
    """The view behind both. parts: of a form that are files, the first being the body of a request that is no form; with any, the view gets `upload`."""

    @wraps(view)
    def with_files(**given: Any) -> object:  # noqa: ANN401  flask-openapi's own
        with receiving(parts) as upload:
            return once(lambda: upload.digest, lambda: view(**given, upload=upload), shown_once)

    @wraps(view)
    def alone(**given: Any) -> object:  # noqa: ANN401  flask-openapi's own
        return once(lambda: hashlib.sha256(request.get_data()).hexdigest(), lambda: view(**given), shown_once)

    return cast("View", with_files if parts else alone)
