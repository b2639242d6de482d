"""Bodies of JSON, read strictly: UTF-8, no NaN, no endless nesting. What must be in one, its model says. No file: those are `uploads`'."""

from typing import Any

import orjson
from flask import Request

from api.problems import Problem, refuse

JSON = "application/json"


class StrictRequest(Request):
    """A request whose JSON is read by orjson: Python's own takes NaN, and ends in a fault when brackets nest some thousands deep."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ANN401  werkzeug's own
        """The body; without one, an object with nothing in it. Raises Problem when it is of another type or not JSON, also for callers that ask for silence.

        flask-openapi is one: it takes a body that cannot be read for an absent one, and the client is told that fields are missing.
        """
        body = self.get_data()
        if not body:
            return {}
        if not self.is_json:
            message = f"The body must be {JSON}; it came as {self.mimetype or 'nothing that was named'}."
            raise Problem(code="unsupported_media_type", message=message, details={"media_types": [JSON]})
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            refuse("invalid_json", f"The body is not JSON: {error}.")
