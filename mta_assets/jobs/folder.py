"""Where the files of one-off analyses lie under MTA_UPLOADS, and how they go. Names that clients give are never part of a path.

<uploads>/incoming/<token>/...     a request that is being received, or analysed at once
<uploads>/<job id>/files/<part>    what was sent, by the part of the request it came in: file, spend, conversions
<uploads>/<job id>/results/        what was found, whole
<uploads>/<job id>/partial/        what was found so far
"""

import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mta_assets.errors import NotFoundError
from mta_assets.state.job import JobFile

INCOMING: Final = "incoming"
PARTS: Final = ("file", "spend", "conversions")
# No request is received and analysed for longer than this.
ABANDONED_SECONDS: Final = 3_600
_JOB_ID = re.compile(r"job_[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Folder:
    """The files and results of one analysis. Sub-folders are there once `make` has been called."""

    path: Path

    @classmethod
    def of_job(cls, uploads: Path, job_id: str) -> "Folder":
        """The folder of a job, whether it is there or not. Raises NotFoundError when this is no id of ours."""
        if not _JOB_ID.fullmatch(job_id):
            raise NotFoundError(f"There is no job {job_id!r}.")
        return cls(uploads / job_id)

    @classmethod
    def incoming(cls, uploads: Path) -> "Folder":
        """A new folder for a request that begins."""
        return cls(uploads / INCOMING / secrets.token_hex(12)).make()

    @property
    def files(self) -> Path:
        """Where what was sent lies."""
        return self.path / "files"

    @property
    def results(self) -> Path:
        """Where the results of a job that has succeeded lie."""
        return self.path / "results"

    @property
    def partial(self) -> Path:
        """Where results lie that a running job has so far."""
        return self.path / "partial"

    def make(self) -> "Folder":
        """Create what is missing, for the owner of the process only."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.path, self.files, self.results, self.partial):
            folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def stored(self, file: JobFile) -> Path:
        """Where a file of the job lies. Raises NotFoundError when the name is not one that we give."""
        if file.stored not in PARTS:
            raise NotFoundError(f"No file of a job is stored as {file.stored!r}.")
        return self.files / file.stored

    def become(self, uploads: Path, job_id: str) -> "Folder":
        """Move a received request to where its job's files lie, at once."""
        target = Folder.of_job(uploads, job_id)
        self.path.rename(target.path)
        return target

    def forget_files(self) -> None:
        """Remove what was sent: nobody needs it once its analysis has ended. What was found stays."""
        shutil.rmtree(self.files, ignore_errors=True)

    def forget_partial(self) -> None:
        """Remove what was found so far: there is the whole."""
        shutil.rmtree(self.partial, ignore_errors=True)

    def remove(self) -> None:
        """Remove everything. What cannot be removed now is left to `sweep`."""
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(uploads: Path, is_job: Callable[[str], bool]) -> int:
    """Remove what requests that were killed left behind, and folders of jobs that are not known (`is_job`); how many folders those were."""
    before = time.time() - ABANDONED_SECONDS
    candidates = [*uploads.glob(f"{INCOMING}/*"), *(path for path in uploads.glob("job_*") if not is_job(path.name))]
    left = [path for path in candidates if _changed(path) < before]
    for path in left:
        Folder(path).remove()
    return len(left)


def _changed(path: Path) -> float:
    """When the folder was last changed; now, when it has just gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
