"""What API clients sent, and what was found in it, without the users: a job whose files name one goes as a whole."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from mta_assets.erasure.search import found_in
from mta_assets.erasure.whom import Whom
from mta_assets.jobs.folder import INCOMING


def forget(uploads: Path, whom: Whom, jobs: Iterable[str]) -> tuple[int, set[str]]:
    """(folders removed, ids of their jobs). jobs: those that go in any case."""
    folders = [path for path in (*uploads.glob("job_*"), *uploads.glob(f"{INCOMING}/*")) if path.is_dir()]
    named = set(jobs)
    theirs = [path for path in folders if path.name in named or next(found_in([path], whom), None)]
    for path in theirs:
        shutil.rmtree(path)
    return len(theirs), {path.name for path in theirs if path.name.startswith("job_")}
