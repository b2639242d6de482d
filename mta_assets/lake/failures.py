"""What the storage under the lake refused, in words that say what to do. No retrying: that is the lake's."""

import re

from polars.exceptions import PanicException

from mta_assets.errors import LakeAwayError, LakeError

# What the storage's own message contains -> what to do about it.
REMEDIES = {
    "no space left": "The disk is full: free space there, or point MTA_LAKE at a larger one, and run it again.",
    "permission denied": "No permission: give the user that runs this read and write access to the folder, and run it again.",
    "read-only file system": "The disk can only be read: mount it for writing, or point MTA_LAKE elsewhere.",
    "quota exceeded": "The quota of this user is used up: free space, or have it raised, and run it again.",
    "too many open files": "Too many files are open: raise the limit (ulimit -n), or run less at a time.",
    "timed out": "The storage does not answer: it is tried again; see that it runs and can be reached.",
    "timeout": "The storage does not answer: it is tried again; see that it runs and can be reached.",
    "connection": "The storage does not answer: it is tried again; see that it runs and can be reached.",
    "slow down": "The storage asks to be left alone for a while: it is tried again.",
    "service unavailable": "The storage does not answer: it is tried again; see that it runs and can be reached.",
    "temporarily unavailable": "The system lacks resources at the moment: it is tried again; see what else runs.",
    "input/output error": "The disk does not answer as it should: it is tried again; see the system's log for what is wrong with it.",
    "stale file handle": "The network disk was lost: it is tried again; see that it is mounted.",
    "file too large": "The system limits the size of files: raise the limit (ulimit -f), and run it again.",
    "not a directory": "A file stands where a folder must be: move it away, or point MTA_LAKE elsewhere.",
    "no such file": "A file of the table is gone: restore the lake's folder, or point MTA_LAKE at a new one and ingest the landing files again.",
    "unknown scheme": "MTA_LAKE must be a folder or an object-store URL (s3://, gs://, az://).",
}
# Of these, nothing is wrong with the lake: the cause may go by itself.
PASSING = frozenset(
    (
        *("no space left", "quota exceeded", "too many open files", "timed out", "timeout", "connection", "slow down"),
        *("service unavailable", "temporarily unavailable", "input/output error", "stale file handle"),
    )
)
_OTHERWISE = "Restore the lake from a copy, or point MTA_LAKE at a new folder and ingest the landing files again."
_COLOUR, _STACK = re.compile(r"\x1b\[[0-9;]*m"), re.compile(r"\s+0: .*", re.DOTALL)
_LONGEST = 400
_BROKE_OFF = "the bytes of a file make no table"  # what a panic says is of lines of a library's source


def refused(table: str, root: str, doing: str, error: Exception) -> LakeError:
    """The error to raise: which table under which root could not be read, written or created, what the storage said, and the remedy.

    A LakeAwayError when the cause may go by itself.
    """
    said = (
        _BROKE_OFF if isinstance(error, PanicException) else " ".join(_STACK.sub("", _COLOUR.sub("", str(error))).replace("↳", "").split())
    )
    said = said[:_LONGEST]
    words = next((words for words in REMEDIES if words in said.lower()), "")
    remedy, kind = REMEDIES.get(words, _OTHERWISE), LakeAwayError if words in PASSING else LakeError
    return kind(f"{table} could not be {doing} in the lake at {root} ({said}). Nothing was changed. {remedy}")
