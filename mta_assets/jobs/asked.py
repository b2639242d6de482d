"""What an analysis was asked with, as a job's row keeps it and as the engine takes it. Nothing is read or computed here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, cast, get_args

from mta_assets.analysis.recognise import FileKind, GivenFile
from mta_assets.analysis.run import Options
from mta_assets.config import Config
from mta_assets.jobs.folder import Folder
from mta_assets.state.job import JobFile

_KINDS: Final = get_args(FileKind)


def stated(options: Options) -> dict[str, object]:
    """The options as JSON, for `Job.options`."""
    return asdict(options)


def options_of(stated: Mapping[str, Any]) -> Options:
    """The options that `stated` wrote down."""
    return Options(**stated)


def given_files(folder: Folder, files: Sequence[JobFile]) -> list[GivenFile]:
    """The files as the engine takes them, under the names that the client gave: what the engine says names those and no path."""
    return [
        GivenFile(path=folder.stored(file), kind=cast("FileKind", file.kind) if file.kind in _KINDS else None, name=file.given)
        for file in files
    ]


def for_uploads(config: Config) -> Config:
    """The configuration for what clients send: what mta.yaml says of files by their names does not concern theirs."""
    return config.model_copy(update={"sources": {}})
