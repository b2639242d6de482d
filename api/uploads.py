"""Receiving files: bodies and parts of multipart forms go to disk block by block, under names of ours. What is in them is not looked at here."""

import hashlib
import logging
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from flask import request
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from api.problems import Problem, refuse
from api.services import services
from mta_assets.jobs.folder import PARTS, Folder
from mta_assets.state.job import JobFile

log = logging.getLogger(__name__)

_BLOCK_BYTES: Final = 1 << 16
_MOST_PARTS: Final = 40
_MOST_FIELD_BYTES: Final = 20_000
_MOST_HEAD_BYTES: Final = 1 << 18
_LONGEST_NAME: Final = 200
MULTIPART: Final = "multipart/form-data"
RAW: Final = (
    "text/csv",
    "application/json",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/gzip",
    "application/zstd",
    "application/octet-stream",
)


@dataclass(slots=True)
class Upload:
    """What a request brought. files: as they lie in the folder, their kinds not known yet; digests: SHA-256 of each, in their order; fields: of a form."""

    folder: Folder
    files: tuple[JobFile, ...] = ()
    digests: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One hash of everything that was sent, names included."""
        said = [*((file.stored, file.given) for file in self.files), *sorted(self.fields.items())]
        return hashlib.sha256(repr((said, self.digests)).encode(errors="replace")).hexdigest()


@contextmanager
def receiving(parts: Sequence[str]) -> Iterator[Upload]:
    """The files of this request, some of `parts`, of which the first must be there. They are removed at the end unless they have become a job's.

    Raises Problem for a body that is none of the forms that are taken.
    """
    media = request.mimetype
    if media == "application/x-www-form-urlencoded":
        message = (
            f"A form that is not {MULTIPART} holds no file. Send the file as the body, or as the part `{parts[0]}` of a multipart form."
        )
        raise Problem(code="unsupported_media_type", message=message, details={"media_types": [MULTIPART, *RAW]})
    try:
        folder = Folder.incoming(services().settings.uploads)
        try:
            with ExitStack() as files:
                upload = _form(folder, parts, files) if media == MULTIPART else _body(folder, parts[0], files)
            yield upload
        finally:
            folder.remove()
    except OSError as error:
        log.exception("an upload could not be written")
        raise Problem(code="unavailable", message="The file could not be stored at this moment.", retry_after=30) from error


def harmless_name(given: str | None) -> str:
    """What a file is called in answers: the last part of the name that its client gave, without control characters. It is never a path."""
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    return "".join("\u00b7" if unicodedata.category(sign).startswith("C") else sign for sign in last).strip()[:_LONGEST_NAME] or "file"


class _Writing:
    """A file on its way to disk, closed with `files` at the latest."""

    def __init__(self, folder: Folder, part: str, given: str, files: ExitStack) -> None:
        self.part, self.given, self.size = part, given, 0
        self._hash, self._file = hashlib.sha256(), files.enter_context((folder.files / part).open("xb"))

    def write(self, block: bytes) -> None:
        self._hash.update(block)
        self._file.write(block)
        self.size += len(block)

    def finish(self) -> tuple[JobFile, str]:
        self._file.close()
        return JobFile(stored=self.part, given=self.given, kind="", size_bytes=self.size), self._hash.hexdigest()


def _body(folder: Folder, part: str, files: ExitStack) -> Upload:
    """The body is the file; what it is called is the parameter `filename`."""
    writing = _Writing(folder, part, harmless_name(request.args.get("filename")), files)
    while block := request.stream.read(_BLOCK_BYTES):
        writing.write(block)
    file, digest = writing.finish()
    return Upload(folder, (file,), (digest,))


def _form(folder: Folder, parts: Sequence[str], files: ExitStack) -> Upload:
    """Parts named in `parts` are files, whether or not they have a file name; every other part is an option."""
    reading = _Form(folder, parts, files)
    decoder = MultipartDecoder((request.mimetype_params.get("boundary") or "").encode("latin-1", "replace"), max_parts=_MOST_PARTS)
    try:
        while not reading.ended:
            block = request.stream.read(_BLOCK_BYTES)
            decoder.receive_data(block or None)
            reading.take(decoder)
    except (ValueError, AttributeError) as error:  # the decoder's, for what is no multipart
        raise Problem(code="bad_request", message="The multipart body breaks off or is not well formed.") from error
    return reading.upload()


class _Form:
    """A multipart form being taken apart."""

    def __init__(self, folder: Folder, parts: Sequence[str], open_files: ExitStack) -> None:
        self.ended = False
        self._folder, self._parts, self._open_files = folder, parts, open_files
        self._files: dict[str, tuple[JobFile, str]] = {}
        self._fields: dict[str, str] = {}
        self._writing: _Writing | None = None
        self._field: tuple[str, bytearray] | None = None

    def take(self, decoder: MultipartDecoder) -> None:
        """Everything that the decoder can tell by now. Raises ValueError where the form is none."""
        while not isinstance(event := decoder.next_event(), NeedData):
            if isinstance(event, Field | File):
                self._begin(event)
            elif isinstance(event, Data):
                self._data(event)
            elif isinstance(event, Epilogue):
                self.ended = True
                return
        if len(decoder.buffer) > _MOST_HEAD_BYTES:
            raise ValueError("a part's head has no end")

    def upload(self) -> Upload:
        if self._parts[0] not in self._files:
            named = ", ".join(sorted({*self._files, *self._fields})) or "none"
            refuse("invalid_parameter", f"{self._parts[0]}: the form has no part of this name; it has: {named}.", field=self._parts[0])
        held = [self._files[part] for part in PARTS if part in self._files]
        return Upload(self._folder, tuple(file for file, _ in held), tuple(digest for _, digest in held), self._fields)

    def _begin(self, event: Field | File) -> None:
        name = event.name or ""
        if name in self._files or name in self._fields:
            refuse("invalid_parameter", f"{harmless_name(name)}: the form has two parts of this name.", field=harmless_name(name))
        if name in self._parts:
            given = self._unused(event.filename if isinstance(event, File) else name, name)
            self._writing = _Writing(self._folder, name, given, self._open_files)
        elif isinstance(event, File):
            shown, taken = harmless_name(name), ", ".join(self._parts)
            refuse("invalid_parameter", f"{shown}: no file is taken under this name; files are {taken}.", field=shown)
        else:
            self._field = (name, bytearray())

    def _data(self, event: Data) -> None:
        if self._writing is not None:
            self._writing.write(event.data)
            if not event.more_data:
                self._files[self._writing.part], self._writing = self._writing.finish(), None
        elif self._field is not None:
            name, held = self._field
            held += event.data
            if len(held) > _MOST_FIELD_BYTES:
                refuse("invalid_parameter", f"{harmless_name(name)}: longer than {_MOST_FIELD_BYTES:,} bytes.", field=harmless_name(name))
            if not event.more_data:
                self._fields[name], self._field = held.decode("utf-8"), None

    def _unused(self, given: str, part: str) -> str:
        """A name that no other file of this request has: rows say which file they are from."""
        name = harmless_name(given)
        return f"{name} ({part})" if any(file.given == name for file, _ in self._files.values()) else name
