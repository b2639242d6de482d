"""Every error a user can meet, and which of them may go by themselves. Each message says what was wrong, where, and what to do next."""

import errno
from collections.abc import Iterable
from difflib import get_close_matches


class MtaError(Exception):
    """Something the user can mend; the message says how."""


class Passing:
    """Marks errors of which the cause may go by itself: the same may be tried again as it was. Every other error of ours is for somebody to mend."""


class ConfigError(MtaError):
    """A setting or a line of `mta.yaml` is wrong; the message names its path."""


class DataError(MtaError):
    """A file as a whole cannot be read or used. Single bad rows are never errors: they go to quarantine."""


class ForeignFormatError(DataError):
    """A file is of a format that is not read; the message says of which."""


class TooLargeError(DataError):
    """A file, or what it unpacks to, is more than may be read here."""


class CallError(MtaError):
    """What was asked for does not fit the files. field: the parameter to change."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class ModelError(MtaError):
    """A model cannot be computed as asked."""


class UnknownModelError(ModelError):
    """No model has this name; the message names the nearest ones."""


class UnavailableError(ModelError):
    """A model's needs are not met by the input (no milestones, no times); others still run."""


class LakeError(MtaError):
    """A table of the lake cannot be read or written."""


class LakeAwayError(LakeError, Passing):
    """The storage under the lake does not answer at the moment, or has no room."""


class DamagedError(LakeError):
    """A file of the lake is not what was written."""


class OvertakenError(LakeError, Passing):
    """Every try to commit was overtaken by another writer."""


class FinalError(MtaError):
    """Results of days that cannot be computed any more, because what they are made of was removed past its time."""


class StateError(MtaError):
    """The SQL state store cannot be used, or not as asked."""


class StateAwayError(StateError, Passing):
    """The SQL state store does not answer at the moment."""


class LandingAwayError(MtaError, Passing):
    """A landed file cannot be read at the moment, through no fault of the file."""


class NotFoundError(StateError):
    """There is no such object in the state store, or it belongs to somebody else."""


class ConflictError(StateError):
    """The object is there, and what it has been through does not allow this any more."""


class RefusedValueError(StateError):
    """A value that the state store does not take; the message says what it takes."""


class BusyError(StateError):
    """As much as is allowed at a time is under way; the same may be asked again later."""


class OverloadedError(MtaError):
    """Everything that could do it is busy; the same may be asked again later."""


class HiddenError(MtaError):
    """A result that would tell of too few users."""


class AddressError(MtaError):
    """A message cannot be sent to this address, or must not be."""


class CursorError(StateError):
    """A page was asked for with a cursor that no page gave."""


class ClockError(MtaError, Passing):
    """The clock of this machine cannot be right."""


# What the system says when something is away, busy or full, rather than wrong.
_PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("EAGAIN", "EBUSY", "EINTR", "EIO", "ENFILE", "EMFILE", "ENOMEM", "ENOSPC", "EDQUOT", "ESTALE", "ETIMEDOUT"),
        *("ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "EPIPE"),
    )
)


def passes(error: BaseException) -> bool:
    """Whether the same may go well a while later: nothing is wrong with the data, the settings or the program."""
    if isinstance(error, MtaError):
        return isinstance(error, Passing)
    return isinstance(error, OSError) and error.errno in _PASSING


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A hint that names the nearest right names, or all of them when none is near."""
    names = sorted(known)
    near = get_close_matches(wrong, names, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(repr(n) for n in near)}?"
    return f"Known: {', '.join(names)}." if names else "None is known here."
