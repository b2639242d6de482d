"""The rules that columns share: each says why a value is refused and what to do about it. Tables pick from here."""

import polars as pl

from mta_assets.contracts.columns import Rule

# Code points that end a line or a C string: they break logs, CSV exports and drivers downstream.
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f]"
MAX_TEXT = 1024

NOT_EMPTY = Rule(
    name="not_empty",
    holds=lambda c: c.str.len_bytes() > 0,
    reason="is empty",
    remedy="fill it, or map the right column to it",
)
SHORT_TEXT = Rule(
    name="short_text",
    holds=lambda c: c.str.len_bytes() <= MAX_TEXT,
    reason=f"is longer than {MAX_TEXT} bytes",
    remedy="shorten it; a very long cell is often a missing closing quote further up",
)
NO_CONTROL = Rule(
    name="no_control",
    holds=lambda c: ~c.str.contains(CONTROL),
    reason="contains control characters (NUL or the like)",
    remedy="remove them at the source; they often mean a wrong encoding",
)
NOT_NEGATIVE = Rule(
    name="not_negative",
    holds=lambda c: c >= 0,
    reason="is negative",
    remedy="send the amount as a positive number; a refund is not a negative conversion",
)
FINITE_SHARE = Rule(
    name="finite_not_negative",
    holds=lambda c: c.is_finite() & (c >= 0),
    reason="is negative or not finite",
    remedy="report it: credit is never negative",
)
TEXT = (NOT_EMPTY, SHORT_TEXT, NO_CONTROL)


def one_of(*values: str) -> Rule:
    """The value is one of a few words."""
    return Rule(
        name="one_of",
        holds=lambda c: c.is_in(list(values)),
        reason=f"is none of {', '.join(values)}",
        remedy=f"use one of {', '.join(values)}, or set a default in mta.yaml",
    )


def positive(what: str) -> Rule:
    """A count that starts at one."""
    return Rule(
        name="positive",
        holds=lambda c: c >= 1,
        reason=f"is below 1: no {what}",
        remedy=f"report it: every row has a {what}",
    )


def known_currency(codes: frozenset[str]) -> Rule:
    """An ISO 4217 code that is in use."""
    return Rule(
        name="currency",
        holds=lambda c: c.is_in(sorted(codes)),
        reason="is not an ISO 4217 currency code",
        remedy="use three capital letters such as USD or EUR, or set a default currency in mta.yaml",
    )


def bucket_range() -> Rule:
    """A user's bucket, 0 to 63."""
    return Rule(name="bucket", holds=lambda c: c.is_between(0, 63), reason="is outside 0 to 63", remedy="report it")


def is_between(low: pl.Expr | float, high: pl.Expr | float, what: str) -> Rule:
    """A number within a closed range."""
    return Rule(
        name="between",
        holds=lambda c: c.is_between(low, high),
        reason=f"is outside {what}",
        remedy=f"keep it within {what}",
    )
