"""What every line and span of some work carries: the correlation id above all. Bound once where the work begins; nothing is passed by hand."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

Context = Mapping[str, object]
_NOTHING: Context = MappingProxyType({})
_bound: ContextVar[Context] = ContextVar("mta_telemetry", default=_NOTHING)
_asked: list[Callable[[], Context]] = []


def bind(**about: object) -> Context:
    """Add to the context of this thread from now on; what is None is left out. Returns what was there before, for `restore`."""
    before = _bound.get()
    _bound.set({**before, **{name: value for name, value in about.items() if value is not None}})
    return before


def restore(before: Context) -> None:
    """Put the context back."""
    _bound.set(before)


@contextmanager
def bound(**about: object) -> Iterator[None]:
    """The context of what the body does."""
    before = bind(**about)
    try:
        yield
    finally:
        restore(before)


def ask(source: Callable[[], Context]) -> None:
    """Have `current` ask this too: for what is known elsewhere anyway, such as the request that a thread handles, and costs nothing until it is told."""
    if source not in _asked:
        _asked.append(source)


def current() -> Context:
    """The context of what this thread does."""
    context = _bound.get()
    for source in _asked:
        context = {**source(), **context}
    return context
