"""What the storage under the lake refused, in words that say what to do. No retrying: that is the lake's."""

import re

from mta_assets.errors import LakeError

# What the storage's own message contains -> what to do about it.
REMEDIES = {
    "no space left": "The disk is full: free space there, or point MTA_LAKE at a larger one, and run it again.",
    "permission denied": "No permission: give the user that runs this read and write access to the folder, and run it again.",
    "read-only file system": "The disk can only be read: mount it for writing, or point MTA_LAKE elsewhere.",
    "quota exceeded": "The quota of this user is used up: free space, or have it raised, and run it again.",
    "file too large": "The system limits the size of files: raise the limit (ulimit -f), and run it again.",
    "not a directory": "A file stands where a folder must be: move it away, or point MTA_LAKE elsewhere.",
    "no such file": "A file of the table is gone: restore the lake's folder, or point MTA_LAKE at a new one and ingest the landing files again.",
    "unknown scheme": "MTA_LAKE must be a folder or an object-store URL (s3://, gs://, az://).",
}
_OTHERWISE = "Restore the lake from a copy, or point MTA_LAKE at a new folder and ingest the landing files again."
_COLOUR, _STACK = re.compile(r"\x1b\[[0-9;]*m"), re.compile(r"\s+0: .*", re.DOTALL)
_LONGEST = 400


def refused(table: str, root: str, doing: str, error: Exception) -> LakeError:
    """The error to raise: which table under which root could not be read, written or created, what the storage said, and the remedy."""
    said = " ".join(_STACK.sub("", _COLOUR.sub("", str(error))).replace("↳", "").split())[:_LONGEST]
    remedy = next((remedy for words, remedy in REMEDIES.items() if words in said.lower()), _OTHERWISE)
    return LakeError(f"{table} could not be {doing} in the lake at {root} ({said}). Nothing was changed. {remedy}")
