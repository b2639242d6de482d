"""What the API does with files that a client sends, when it makes a job of them: for tests of what comes after."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from mta_assets.analysis.run import Options
from mta_assets.jobs.asked import stated
from mta_assets.jobs.folder import Folder
from mta_assets.state.job import JobFile
from mta_assets.state.jobs import new_job_id

PARTS = {"conversions.csv": "conversions", "spend.csv": "spend"}


def send(jobs, uploads, contents: Mapping[str, bytes | None], owner="acme", options=None, now=None):
    """The queued job of these files, name -> content; None is a file whose reading never ends."""
    folder, id_, files = Folder.incoming(uploads), new_job_id(), []
    for name, content in contents.items():
        file = JobFile(stored=PARTS.get(name, "file"), given=name, kind="", size_bytes=len(content or b""))
        os.mkfifo(folder.stored(file)) if content is None else folder.stored(file).write_bytes(content)
        files.append(file)
    folder.become(uploads, id_)
    asked = {"owner": owner, "key_id": "k", "request_id": "req-1", "options": stated(options or Options())}
    return jobs.create(**asked, files=files, now=now or datetime.now(UTC), id_=id_)
