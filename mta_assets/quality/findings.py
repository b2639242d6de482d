"""What a check says: passed or not, how serious, in words, with what to do and the numbers behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from mta_assets.config_checks import Severity
from mta_assets.contracts.columns import Table

PARTS = "; "  # between the single things that are off, in the numbers of a finding


class Named(Protocol):
    """What a finding is of: a check, and the table that it is about."""

    @property
    def name(self) -> str:
        """The check."""

    @property
    def table(self) -> Table:
        """The table."""


AnyCheck = TypeVar("AnyCheck", bound=Named)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The outcome of one check. recommendation is empty when it passed; numbers are what a person would want to see.

    severity: error, when what was found is wrong; warning, when a person should look at it.
    """

    passed: bool
    message: str
    recommendation: str = ""
    severity: Severity = "error"
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)
