"""How a model declares, describes and checks its parameters. The models say what they need; nothing here knows a model."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from math import isnan
from typing import Any, TypeGuard, TypeVar

from mta_assets.errors import ModelError
from mta_assets.models.base import AttributionModel

T = TypeVar("T")
WHOLE = 1 + 1e-12  # a sum of shares may exceed 1 by the rounding of decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a configured model: its value, the range it must lie in, in words, and what it does."""

    name: str
    value: Any  # whatever the dataclass field holds: a number or a tuple of numbers
    range: str
    description: str


def parameter(default: T, *, range: str, description: str) -> T:  # noqa: A002  the word that messages and the API use
    """A dataclass field that carries its range and description, for docs, the API and error messages."""
    return field(default=default, metadata={"range": range, "description": description})


def parameters(model: AttributionModel) -> dict[str, Parameter]:
    """Parameter name -> parameter, in the order of declaration; empty for a model that has none."""
    return {
        f.name: Parameter(
            name=f.name, value=getattr(model, f.name), range=f.metadata.get("range", ""), description=f.metadata.get("description", "")
        )
        for f in fields(model)
    }


def require(model: AttributionModel, name: str, *, holds: bool, remedy: str) -> None:
    """Raises ModelError that names the parameter, its value, its range and what to do, unless `holds`."""
    if not holds:
        wrong = parameters(model)[name]
        raise ModelError(f"{name} = {wrong.value!r} of {type(model).__name__} must be {wrong.range}; {remedy}.")


def require_days(model: AttributionModel, name: str, *, most: int) -> None:
    """Raises ModelError unless the parameter is a whole number of days from 1 to so many."""
    value = getattr(model, name)
    require(model, name, holds=is_number(value) and value == int(value) and 1 <= value <= most, remedy="choose a value within")


def require_shares(model: AttributionModel, names: tuple[str, ...], remedy: str) -> None:
    """Raises ModelError unless each of these parameters is a number from 0 to 1, and all together are at most 1; else the largest is blamed."""
    for name in names:
        require(model, name, holds=are_shares([getattr(model, name)]), remedy=remedy)
    shares = {name: getattr(model, name) for name in names}
    require(model, max(names, key=lambda name: shares[name]), holds=sum(shares.values()) <= WHOLE, remedy=remedy)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a real number, be it infinite; a bool is none, NaN is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not isnan(value)


def are_shares(values: Iterable[object]) -> bool:
    """Whether each is a number from 0 to 1."""
    return all(is_number(value) and 0 <= value <= 1 for value in values)
