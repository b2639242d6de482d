"""By their first bytes: the formats that are not read, so that who sends one is told what it is. What is read is told by `ingest.readers.detect`."""

from typing import Final

LOOKED_AT_BYTES: Final = 1 << 16
# (offset, bytes, what it is). Text formats begin with none of these.
_MARKS: Final = (
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (xls, doc)"),
    (257, b"ustar", "a tar archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"BZh91AY&SY", "compressed with bzip2"),
    (0, b"\xfd7zXZ\x00", "compressed with xz"),
    (0, b"\x04\x22\x4d\x18", "compressed with LZ4"),
    (0, b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy"),
    (0, b"PARE", "an encrypted Parquet file"),
    (0, b"ARROW1", "an Arrow or Feather file"),
    (0, b"FEA1", "a Feather file"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x7fELF", "a program"),
)
_MARKUP: Final = {b"<!doctype": "an HTML page", b"<html": "an HTML page", b"<?xml": "an XML document"}
_WORDS_OF_TEXT: Final = bytes({*range(0x20, 0x100), *b"\t\n\r\f\x1b\x00"} - {0x7F})
_MOST_CONTROL_SHARE: Final = 0.05
_MOST_NUL_SHARE: Final = 0.3


def foreign(first: bytes) -> str | None:
    """What a file that begins with these bytes is, in words, when it is of a format that is not read; None when it may be read."""
    if first.startswith(b"PK\x03\x04"):
        return "an Office document (xlsx)" if b"[Content_Types].xml" in first or b"xl/" in first else "a ZIP archive"
    marked = next((what for offset, mark, what in _MARKS if first[offset:].startswith(mark)), None)
    if marked:
        return marked
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    markup = next((what for mark, what in _MARKUP.items() if start.startswith(mark)), None)
    return markup or ("binary data" if _is_binary(first) else None)


def _is_binary(first: bytes) -> bool:
    """Whether it is no text in any encoding that is read. UTF-16 has a NUL in every second byte, and none or nearly none in the others."""
    control = len(first.translate(None, _WORDS_OF_TEXT))
    if control > _MOST_CONTROL_SHARE * len(first):
        return not first.startswith((b"\xff\xfe", b"\xfe\xff"))
    nuls = first[::2].count(0), first[1::2].count(0)
    return min(nuls) > _MOST_NUL_SHARE * len(first) / 2
