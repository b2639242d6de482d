"""What tests that break a lake compare with, made once."""

import pytest

from tests.pipeline.crashing import Case


@pytest.fixture(scope="session")
def case(made_once) -> Case:
    """A lake before and after some files came; not to be written to."""
    return made_once("case", Case)
