"""What the engine says to people at a command line, as it is said to clients of the API: parameters instead of options, no command, no mta.yaml. Pure."""

import re
from typing import Final

_KINDS: Final = "event-log|touchpoints|conversions|spend|path-table"
# In this order. A pattern -> what stands for it.
_WORDS: Final = (
    (re.compile(r", or in mta\.yaml under the source: columns: \{[^}]*\}"), ""),
    (re.compile(r"Say which it is: [^.]*?--(?:" + _KINDS + r") .*\.$"), "Say which it is with the parameter kind."),
    (re.compile(r": set delimiter: ('.') for this source in mta\.yaml"), r": write the file with commas instead of \1"),
    (re.compile(r" A channel that is the same for all rows goes under defaults, e\.g\. defaults: \{channel: email\}\."), ""),
    (re.compile(r"`mta validate FILE` lists"), "POST /v1/attribution/validate lists"),
    (re.compile(r"--columns (\w)"), r"columns=\1"),
    (re.compile(r"with --spend"), "with a part spend"),
    (re.compile(r"--by (\w)"), r"by=\1"),
)


def for_clients(message: str) -> str:
    """The message in the words of the API."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message
