"""The text of a CSV file on its way to Arrow: without blank lines at its start, with a line break at its end, and not read far ahead."""

import io
import re
import threading
from typing import TYPE_CHECKING

from mta_assets.ingest.streams import CHUNK, Stream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Lines(io.RawIOBase):
    """The text without blank lines before the header, ending in a line break, with its quotes counted.

    first: its first bytes. skipped: the blank lines. quotes: how many quotes have been read; odd at the end when one was never closed.
    """

    def __init__(self, text: Stream, quote: str) -> None:
        self._text, self._quote = text, quote.encode()
        self.skipped = self.quotes = 0
        first = text.read(CHUNK)
        while first and not first.strip(b"\r\n"):
            self.skipped += len(re.findall(rb"\r\n|\r|\n", first))
            first = text.read(CHUNK)
        body = first.lstrip(b"\r\n")
        self.skipped += len(re.findall(rb"\r\n|\r|\n", first[: len(first) - len(body)]))
        self.first = body
        self._pending, self._ended = memoryview(body), not body
        self._last = body[-1:]

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` from the next bytes; 0 at the end."""
        if not self._pending and not self._ended:
            chunk = self._text.read(CHUNK)
            self._ended = not chunk
            self._pending = memoryview(chunk or (b"" if self._last in {b"\n", b"\r"} else b"\n"))
            self._last = chunk[-1:]
        target = memoryview(buffer)
        size = min(len(target), len(self._pending))
        target[:size] = self._pending[:size]
        self.quotes += bytes(self._pending[:size]).count(self._quote)
        self._pending = self._pending[size:]
        return size


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
