"""The moment at which tests of the state store begin."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def now():
    return datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
