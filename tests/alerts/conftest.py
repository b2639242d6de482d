"""A state store for each test, once on SQLite and once on PostgreSQL; a clock that tests move; receivers of HTTP and of mail."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.webhooks.receiver import receiving

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


@dataclass
class Clock:
    """The time, which only a test moves."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def receiver():
    with receiving() as told:
        yield told
