"""Files as clients send them, for tests of the routes that take files."""

import io

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

EVENTS = (
    "user_id,ts,channel,conversion,value\n"
    "u1,2026-03-01T10:00:00Z,email,0,\n"
    "u1,2026-03-02T10:00:00Z,search,1,19.99\n"
    "u2,2026-03-02T11:00:00Z,search,0,\n"
    "u3,yesterday,search,0,\n"
)
VALIDATE, ANALYZE = "/v1/attribution/validate", "/v1/attribution/analyze"


def part(content, name="events.csv"):
    """A file of a form."""
    return (io.BytesIO(content.encode() if isinstance(content, str) else content), name)


def form(**parts):
    """A form as bytes: werkzeug leaves the temporary file of a large one open."""
    files = {name: FileStorage(*value) if isinstance(value, tuple) else value for name, value in parts.items()}
    boundary, data = encode_multipart(files)
    return {"data": data, "content_type": f"multipart/form-data; boundary={boundary}"}


def waiting(app):
    """What lies among the uploads: no more than jobs may have files there."""
    uploads = app.extensions["mta"].settings.uploads
    return [path for path in uploads.rglob("*") if path.is_file()] if uploads.exists() else []
