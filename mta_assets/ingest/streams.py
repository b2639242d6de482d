"""The bytes of a file, decompressed as they are read, and as UTF-8 whatever their encoding. Nothing here knows rows or columns."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
from charset_normalizer import from_bytes

from mta_assets.errors import DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 20
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What exports are written in besides UTF-8; a guess among all encodings is often an exotic one.
_CANDIDATES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "shift_jis", "gb18030", "big5", "euc_kr"]
# In Western text a letter with an accent stands among plain ones, and no symbol stands inside a word.
_NOT_WESTERN = re.compile(r"[^\x00-\x7f]{3}|[a-zA-Z][\xa1-\xbf\xd7\xf7][a-zA-Z]")


class Stream(Protocol):
    """Bytes that can be read once, and looked at before they are read."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, `size` of them but for the last; none at the end."""

    def readline(self, size: int, /) -> bytes:
        """The next bytes up to and with a line break, at most `size`."""

    def peek(self, size: int, /) -> bytes:
        """Some of the next bytes, which remain to be read."""


@contextmanager
def opened(path: Path) -> Iterator[Stream]:
    """The file's bytes, decompressed when its first bytes say gzip or zstandard. Every failure to read them becomes a DataError."""
    try:
        with path.open("rb") as raw:
            magic = raw.peek(4)[:4]
            codec = "gzip" if magic.startswith(GZIP) else "zstd" if magic.startswith(ZSTD) else None
            yield raw if codec is None else io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), codec), CHUNK)
    except PermissionError as error:
        raise DataError("No permission to read it. Give the user that runs this read access, then send it again.") from error
    except OSError as error:
        if error.errno is None:  # Arrow's decompression names no system error
            raise DataError(f"The compressed file is cut short or damaged ({error}). Send it again, complete.") from error
        raise DataError(f"It cannot be read: {error.strerror}. Check that it is a file and still there.") from error


class Utf8(io.RawIOBase):
    """Text bytes as UTF-8. The encoding is what a byte order mark says, or the declared one, or decided where the first byte beyond ASCII appears.

    Bytes that do not fit the encoding come out as invalid UTF-8, so that a reader rejects their row and no other.
    """

    def __init__(self, source: Stream, declared: str | None) -> None:
        self._source = source
        self._pending = memoryview(b"")
        self._decoder: codecs.IncrementalDecoder | None = None
        self._decided = False
        first = source.read(CHUNK)
        bom = next((bom for bom in _BOMS if first.startswith(bom)), b"")
        if encoding := _BOMS.get(bom) or _known(declared) or _utf16_without_bom(first):
            self._decide(encoding)
        self._pending = memoryview(self._utf8(first[len(bom) :]))

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` from the next bytes; 0 at the end."""
        while not self._pending:
            chunk = self._source.read(CHUNK)
            self._pending = memoryview(self._utf8(chunk))
            if not chunk and not self._pending:
                return 0
        target = memoryview(buffer)
        size = min(len(target), len(self._pending))
        target[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def _utf8(self, chunk: bytes) -> bytes:
        if not self._decided and not chunk.isascii():
            self._decide(_guess(chunk))
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, final=not chunk).encode("utf-8", "surrogatepass")
        except UnicodeError as error:
            raise DataError(f"It is not in the declared encoding ({error}). Correct encoding in mta.yaml, or leave it out.") from error

    def _decide(self, encoding: str) -> None:
        self._decided = True
        if encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)(errors="mta-invalid")


def utf16(first: bytes, declared: str | None) -> str | None:
    """The encoding of text that starts with these bytes when it is a kind of UTF-16, with or without a mark, or else one whose structure is not ASCII."""
    marked = next((_BOMS[bom] for bom in _BOMS if first.startswith(bom)), None)
    encoding = marked or _known(declared) or _utf16_without_bom(first)
    return encoding if encoding and encoding.startswith(("utf-16", "utf-32")) else None


def _known(declared: str | None) -> str | None:
    if declared is None:
        return None
    try:
        b"".decode(declared)
        return codecs.lookup(declared).name
    except LookupError as error:
        raise DataError(f"The declared encoding {declared!r} is unknown. Write for example utf-8, utf-16 or cp1252.") from error


def _utf16_without_bom(first: bytes) -> str | None:
    """ASCII text in UTF-16 has a NUL in every second byte."""
    even, odd = first[:200:2], first[1:200:2]
    if len(odd) < 2 or (0 in even) == (0 in odd):
        return None
    mostly = max(even.count(0), odd.count(0)) > len(odd) // 2
    return None if not mostly else "utf-16-be" if 0 in even else "utf-16-le"


def _guess(chunk: bytes) -> str:
    """The encoding of text that has bytes beyond ASCII. UTF-8 with a few damaged cells stays UTF-8."""
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(chunk)
    damaged = text.count("\ufffd")
    sound = len(text) - damaged - len(text.encode("ascii", "ignore"))
    if damaged <= sound:  # other encodings look like UTF-8 by chance, at most half as often as they do not (Japanese in EUC)
        return "utf-8"
    western = chunk.decode("cp1252", "replace")
    if not _NOT_WESTERN.search(western):
        return "cp1252"
    beyond_ascii = b"\n".join(line for line in chunk.splitlines() if not line.isascii())
    best = from_bytes(beyond_ascii[: CHUNK // 16], cp_isolation=_CANDIDATES).best()
    return best.encoding if best else "cp1252"


def _invalid(error: UnicodeError) -> tuple[str, int]:
    """A lone surrogate in place of undecodable bytes: no valid UTF-8 either."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error("mta-invalid", _invalid)
