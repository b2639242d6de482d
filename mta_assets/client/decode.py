"""From JSON to the dataclasses of `answers`, by their annotations: days, moments and amounts become what they are. Fields that are not known are left out."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], value: object) -> T:
    """The value as this type. Raises KeyError when a field is missing that every answer has."""
    return cast("T", _decoded(kind, value))


def _decoded(kind: Any, value: Any) -> object:  # noqa: ANN401  any annotation, any JSON
    within = get_args(kind)
    match get_origin(kind):
        case _ if value is None:
            return None
        case origin if origin in {Union, types.UnionType}:
            return _decoded(_choice([each for each in within if each is not type(None)], value), value)
        case origin if origin is tuple:
            return tuple(_decoded(within[0], each) for each in value)
        case origin if origin is dict:
            return {name: _decoded(within[1], each) for name, each in value.items()}
    return _object(kind, value) if is_dataclass(kind) else _MAKERS.get(kind, _as_it_is)(value)


def _as_it_is(value: object) -> object:
    return value


_MAKERS: Mapping[object, Callable[[Any], object]] = {Decimal: Decimal, date: date.fromisoformat, datetime: datetime.fromisoformat}


def _object(kind: Any, value: Mapping[str, object]) -> object:  # noqa: ANN401  a dataclass
    known = _hints(kind)
    required = {each.name for each in fields(kind) if each.default is MISSING}
    return kind(**{name: _decoded(hint, value[name]) for name, hint in known.items() if name in value or name in required})


def _choice(kinds: list[Any], value: object) -> object:
    """Of several objects the one whose fields are those of the value."""
    if len(kinds) == 1 or not isinstance(value, Mapping):
        return kinds[0]
    return next((kind for kind in kinds if is_dataclass(kind) and set(value) <= {each.name for each in fields(kind)}), kinds[0])


@cache
def _hints(kind: Any) -> Mapping[str, object]:  # noqa: ANN401  a dataclass
    return get_type_hints(kind)
