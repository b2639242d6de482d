"""What a user is called where rows are stored, and who must not be stored at all: keyed hashes of ids. No key is read or kept here; no I/O."""

import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import polars as pl

from mta_assets.errors import ConfigError
from mta_assets.ingest.readers.base import Malformed

PSEUDONYM = "p_"
_HEX_DIGITS = 32  # 128 bits: among a billion users two share one with a chance of 1e-21
WORDS = re.compile(r"[\w.@+-]+")  # what of a row that could not be taken apart may be an id
ERASED = "belongs to a user who was erased"
ERASED_REMEDY = "nothing: of an erased user no row is kept; have the source leave the user out"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyKeys:
    """The secret in force, and those before it."""

    current: bytes = field(repr=False)
    before: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every secret, the one in force first."""
        return (self.current, *self.before)


def key_id(key: bytes) -> str:
    """What a secret is called where its work is kept, so that it is known later which one it was."""
    return _keyed(key, "key", "")[:16]


def pseudonym(key: bytes, user_id: str) -> str:
    """The name that is stored instead of the id: the same in every file, and from which without the key nobody learns or guesses the id."""
    return PSEUDONYM + _keyed(key, "pseudonym", user_id)[:_HEX_DIGITS]


def mark(key: bytes, stored_id: str) -> str:
    """How an erased user is recognised: a keyed hash of the id as it was stored."""
    return _keyed(key, "erased", stored_id)


def signature(key: bytes, document: bytes) -> str:
    """What proves that whoever had the secret wrote the document."""
    return hmac.digest(_derived(key, "record"), document, "sha256").hex()


@dataclass(frozen=True, kw_only=True)
class Persons:
    """The users of a lake. keys: None where nothing needs them. pseudonyms: whether ids are stored as keyed hashes.

    erased: (key id, mark) of those whose rows are not to be kept. Raises ConfigError when a key is needed that is not there.
    """

    keys: PrivacyKeys | None = field(default=None, repr=False)
    pseudonyms: bool = False
    erased: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        if (self.pseudonyms or self.erased) and self.keys is None:
            raise ConfigError("Users are pseudonymised or erased, and no privacy key was given. Set MTA_PRIVACY_KEY.")
        if absent := {name for name, _ in self.erased} - set(self._by_id):
            raise ConfigError(
                f"Users were erased under the privacy key {', '.join(sorted(absent))}, which is not there: they could not be recognised, and would "
                "come back. Set MTA_PRIVACY_KEY to it, or name it in MTA_PRIVACY_KEYS_BEFORE."
            )

    def stored(self, user_id: str) -> str:
        """The id as rows have it."""
        return pseudonym(self.keys.current, user_id) if self.pseudonyms and self.keys else user_id

    def stored_ids(self, user_ids: pl.Series) -> pl.Series:
        """(rows,) the same of many; null stays."""
        return self._each(user_ids, self.stored, pl.String()) if self.pseudonyms else user_ids

    def is_erased(self, user_ids: pl.Series) -> pl.Series:
        """(rows,) whether the rows of these users are not to be kept, by their ids as files have them."""
        if not self.erased:
            return user_ids.is_null() & False
        return self._each(user_ids, self._was_erased, pl.Boolean()).fill_null(value=False)

    def shown(self, malformed: Iterable[Malformed]) -> tuple[Malformed, ...]:
        """The rows that could not be taken apart, without their text where it may name a user who is not to be named."""
        return tuple(replace(row, value=None, record=None) if self._may_name(row) else row for row in malformed)

    def _may_name(self, row: Malformed) -> bool:
        if self.pseudonyms:
            return True
        return bool(self.erased) and any(map(self._was_erased, WORDS.findall(f"{row.value or ''} {row.record or ''}")))

    @cached_property
    def _by_id(self) -> dict[str, bytes]:
        return {key_id(key): key for key in self.keys.all} if self.keys else {}

    def _was_erased(self, user_id: str) -> bool:
        """By the id itself or by a pseudonym of it, whichever was stored when it was erased."""
        names = [user_id, *(pseudonym(key, user_id) for key in self._by_id.values())]
        return any((called, mark(key, name)) in self.erased for called, key in self._by_id.items() for name in names)

    @staticmethod
    def _each(user_ids: pl.Series, of_one: Callable[[str], object], dtype: pl.DataType) -> pl.Series:
        distinct = user_ids.unique()
        found = pl.Series([None if user_id is None else of_one(user_id) for user_id in distinct], dtype=dtype)
        return user_ids.replace_strict(distinct, found, return_dtype=dtype)


NOBODY = Persons()


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"mta privacy " + purpose.encode(), "sha256")


def _keyed(key: bytes, purpose: str, text: str) -> str:
    return hmac.digest(_derived(key, purpose), text.encode("utf-8", "surrogatepass"), "sha256").hex()
