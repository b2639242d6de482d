"""Which role a channel plays, and whose visits tell of intent: by its name, as the default channel groups name channels."""

import re
from collections.abc import Collection, Mapping, Sequence

from mta_assets.contracts.increments import ROLES

PUSHED, PULLED, UNPAID = ROLES
_LOOKED_FOR = re.compile(r"search|shopping|affiliate|price comparison")
# The first that is found in the lower-case name decides; what none is found in is pushed, which asks for the least of the data.
_DEFAULTS = (
    (PUSHED, re.compile(r"retargeting|remarketing")),
    (UNPAID, re.compile(r"organic|direct|referral")),
    (PULLED, _LOOKED_FOR),
)


def role(channel: str, named: Mapping[str, Collection[str]]) -> str:
    """The role of a channel. named: role -> the channels that the configuration gives it."""
    for each, channels in named.items():
        if channel in channels:
            return each
    lower = channel.lower()
    return next((each for each, pattern in _DEFAULTS if pattern.search(lower)), PUSHED)


def roles(channels: Sequence[str], named: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The role of each channel, in their order."""
    return tuple(role(channel, named) for channel in channels)


def is_search(channel: str, role: str) -> bool:
    """Whether its visits are unpaid searches, which tell that something is wanted: other unpaid visits may be a habit, or follow a mail or an earlier visit."""
    return role == UNPAID and bool(_LOOKED_FOR.search(channel.lower()))
