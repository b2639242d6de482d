"""What a check says: passed or not, in words, with what to do and the numbers behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The outcome of one check. recommendation is empty when it passed; numbers are what a person would want to see."""

    passed: bool
    message: str
    recommendation: str = ""
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)
