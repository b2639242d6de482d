"""The state store without some users: rows whose text names them go, but for the audit log's, which stay without what they were about."""

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from mta_assets.state.store import StateStore
from mta_assets.state.tables import AuditRow, Base, ErasureRow, JobRow, KeyRow

ERASED_SUBJECT: Final = "(erased)"
# Keys name customers of this system, not users of theirs; erasures are the record itself.
_KEPT: Final = {KeyRow.__tablename__, ErasureRow.__tablename__}


def forget(store: StateStore, names: Callable[[str], bool]) -> tuple[dict[str, int], tuple[str, ...]]:
    """(table -> rows that were removed or blotted, ids of the jobs among them). names: whether a text names one of the users."""
    counts: dict[str, int] = {}
    jobs: list[str] = []
    for table in Base.metadata.sorted_tables[::-1]:
        if table.name in _KEPT:
            continue
        with store.session() as session:
            rows = session.execute(sa.select(table)).mappings()
            found = [row for row in rows if any(names(text) for value in row.values() for text in _texts(value))]
            jobs += [row["id"] for row in found if table.name == JobRow.__tablename__]
            numbers = [row["number"] for row in found]
            if table.name == AuditRow.__tablename__:
                session.execute(sa.update(table).where(table.c.number.in_(numbers)).values(subject=ERASED_SUBJECT, details={}))
            else:
                session.execute(sa.delete(table).where(table.c.number.in_(numbers)))
        counts[table.name] = len(numbers)
    return counts, tuple(jobs)


def _texts(value: object) -> list[str]:
    """What of a column's value is text."""
    match value:
        case str():
            return [value]
        case bytes():
            return [value.decode("utf-8", "replace")]
        case dict():
            return [text for item in value.items() for part in item for text in _texts(part)]
        case list():
            return [text for item in value for text in _texts(item)]
        case _:
            return []
