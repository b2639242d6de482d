"""Who is to be erased, in each of the forms in which they are known: as people write the id, as rows store it, as a number. And how to find them in text."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from mta_assets.contracts.tables import CORE, STAGED
from mta_assets.errors import MtaError
from mta_assets.ingest.identity import user_hash
from mta_assets.ingest.persons import WORDS, Persons
from mta_assets.lake.lake import Lake

# In bytes that are no text, shorter words turn up by chance.
SHORTEST_IN_BYTES = 6
_FEW = 20  # words that are looked for one by one
_BEFORE, _AFTER = r"(?<![\w.+-])", r"(?![\w+-])(?!\.\w)"


@dataclass(frozen=True, kw_only=True)
class Whom:
    """The users to erase. written: ids as files have them, as far as known; stored: as rows have them; conversions: identities of what they did."""

    persons: Persons
    written: frozenset[str]
    stored: frozenset[str]
    conversions: frozenset[str] = frozenset()

    @cached_property
    def users(self) -> list[int]:
        """The numbers under which rows have them."""
        return sorted(user_hash(pl.Series(sorted(self.stored), dtype=pl.String)).to_list())

    def is_theirs(self, user_ids: pl.Series) -> pl.Series:
        """(rows,) whether the ids, as files have them, are theirs."""
        return self.persons.stored_ids(user_ids).is_in(sorted(self.stored)) | user_ids.is_in(sorted(self.written))

    def mentions(self, text: str) -> bool:
        """Whether the text has one of their ids as a word of its own."""
        return _has_word(text, self._ids)

    def named_in(self, text: str) -> bool:
        """The same of text of a raw file, where ids are not pseudonymised."""
        stored = map(self.persons.stored, WORDS.findall(text)) if self.persons.pseudonyms else ()
        return self.mentions(text) or any(word in self.stored for word in stored)

    def mentions_identity(self, text: str) -> bool:
        """The same, of the identities of their conversions too."""
        return self.mentions(text) or text in self.conversions

    def in_bytes(self, content: bytes) -> bool:
        """Whether the bytes have one of their ids. Ids of less than six characters are not looked for: bytes have such words by chance."""
        return _has_word(content.decode("latin-1"), self._ids_in_bytes)

    def in_texts(self, texts: pl.Series) -> pl.Series:
        """(rows,) whether each of the texts mentions one of them."""
        near = texts.str.contains_any(self._ids).fill_null(value=False)
        return near.scatter(near.arg_true(), [self.mentions(text) for text in texts.filter(near)])

    @cached_property
    def _ids(self) -> list[str]:
        return sorted(self.written | self.stored)

    @cached_property
    def _ids_in_bytes(self) -> list[str]:
        """Every byte of them as one character."""
        return [each.encode("utf-8", "surrogatepass").decode("latin-1") for each in self._ids if len(each) >= SHORTEST_IN_BYTES]


def _has_word(text: str, words: Sequence[str]) -> bool:
    if len(words) > _FEW:
        words = pl.Series([text]).str.extract_many(list(words), overlapping=True)[0].unique().to_list()
    return any(word in text and re.search(f"{_BEFORE}{re.escape(word)}{_AFTER}", text, re.ASCII) for word in words)


def users_of(lake: Lake, conversion_ids: Iterable[str]) -> set[str]:
    """The stored ids of those who made these conversions. Raises MtaError that names the conversions that nobody made."""
    wanted = sorted(set(conversion_ids))
    staged = STAGED["conversions"]
    found = lake.collect(lake.scan(staged).filter(pl.col("conversion_id").is_in(wanted)).select("conversion_id", "user_id"), staged.name)
    if absent := set(wanted) - set(found["conversion_id"]):
        shown = ", ".join(sorted(absent)[:5])
        raise MtaError(f"There is no conversion {shown}. An identity is as its source writes it; erase by --user-id instead.")
    return set(found["user_id"])


def conversions_of(lake: Lake, users: Collection[int]) -> set[str]:
    """The identities of all that these users did, while rows still have them."""
    wanted = sorted(users)
    rows = [lake.scan(table["conversions"]).filter(pl.col("user").is_in(wanted)).select("conversion_id") for table in (STAGED, CORE)]
    return set(lake.collect(pl.concat(rows))["conversion_id"])
