"""The text of a CSV file on its way to Arrow: sound UTF-8, without blank lines at its start, with a line break at its end, and not read far ahead."""

import codecs
import io
import re
import threading
from typing import TYPE_CHECKING

from mta_assets.ingest.readers.text import MARK
from mta_assets.ingest.streams import CHUNK, Stream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Lines(io.RawIOBase):
    """The text without blank lines before the header, ending in a line break, with its quotes counted and a mark in place of each byte that is no text.

    first: its first bytes, as they are. skipped: the blank lines. quotes: how many quotes have been read; odd at the end when one was never closed.
    marked: whether a mark has been set so far. Without marks Arrow would give the whole file up at a row that has both such a byte and a field too many.
    """

    def __init__(self, text: Stream, quote: str) -> None:
        self._text, self._quote = text, quote.encode()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors=_MARKING)
        self.skipped = self.quotes = 0
        self.marked = False
        first = text.read(CHUNK)
        while first and not first.strip(b"\r\n"):
            self.skipped += len(re.findall(rb"\r\n|\r|\n", first))
            first = text.read(CHUNK)
        body = first.lstrip(b"\r\n")
        self.skipped += len(re.findall(rb"\r\n|\r|\n", first[: len(first) - len(body)]))
        self.first = body
        self._pending, self._ended = memoryview(self._sound(body)), not body
        self._last = body[-1:]

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` from the next bytes; 0 at the end."""
        while not self._pending and not self._ended:
            chunk = self._text.read(CHUNK)
            self._ended = not chunk
            self._pending = memoryview(self._sound(chunk or (b"" if self._last in {b"\n", b"\r"} else b"\n")))
            self._last = chunk[-1:]
        target = memoryview(buffer)
        size = min(len(target), len(self._pending))
        target[:size] = self._pending[:size]
        self.quotes += bytes(self._pending[:size]).count(self._quote)
        self._pending = self._pending[size:]
        return size

    def _sound(self, chunk: bytes) -> bytes:
        """The chunk as valid UTF-8. A character that its end cuts in two comes with the next chunk, and a line break never is within one."""
        held, _ = self._decoder.getstate()
        if chunk.isascii() and not held:
            return chunk
        text = self._decoder.decode(chunk)
        self.marked |= MARK in text
        return text.encode()


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK * (error.end - error.start), error.end


_MARKING = "mta-mark"
codecs.register_error(_MARKING, _mark)

# How long a block is waited for while Arrow opens its reader.
OPENING_SECONDS = 0.2


class Ahead(io.RawIOBase):
    """The lines in blocks, a few of them ahead of what has been used. Arrow by itself would read 32 blocks ahead, in a thread of its own.

    Each block that Arrow reads takes a permit; `used` gives one back. After `end` it reads nothing more. Until `opened` nobody waits for long: when
    Arrow cannot open what it is given it first waits for its thread, and no permit would ever come.
    """

    def __init__(self, lines: Lines, blocks: int) -> None:
        self._text = io.BufferedReader(lines, CHUNK)
        self._permits = threading.Semaphore(blocks)
        self._ended = self._opened = False

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next block, once there is a permit for it."""
        while not self._permits.acquire(timeout=OPENING_SECONDS) and self._opened:
            pass
        return b"" if self._ended else self._text.read(size)

    def opened(self) -> None:
        """Arrow has begun: from now on blocks are used."""
        self._opened = True

    def used(self) -> None:
        """A block has been used: another may be read."""
        self._permits.release()

    def end(self) -> None:
        """Let go of whoever waits for a block."""
        self._ended = True
        self._permits.release(1_000)
