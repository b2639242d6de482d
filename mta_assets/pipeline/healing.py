"""What is damaged in the lake, and asking for what can be computed again of it, as if late data had changed it. Computing it is the steps' own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mta_assets.config import Config
from mta_assets.contracts.catalogue import GIVEN
from mta_assets.contracts.columns import Table
from mta_assets.contracts.profiles import BOTS, EVENT_PROFILE
from mta_assets.contracts.tables import CONFLICTS, CORE, FILES, RESTATEMENTS, RETIRED, UNCONSENTED
from mta_assets.lake.lake import Lake, remedy
from mta_assets.pipeline import restatements
from mta_assets.pipeline.core import ask_core
from mta_assets.pipeline.kept import changes_since

OF_CORE = (*CORE.values(), UNCONSENTED, CONFLICTS, EVENT_PROFILE, BOTS)  # what the step of core days writes


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """The files of one table that are gone or not what was written, and the days that were in them."""

    table: Table
    files: tuple[str, ...]
    days: tuple[date, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Healing:
    """What is asked for: core days, closing days. lost: what nothing in the lake brings back, and what to do about each."""

    core: tuple[date, ...] = ()
    closing: tuple[date, ...] = ()
    lost: tuple[str, ...] = ()


def damage_of(lake: Lake, tables: Iterable[Table]) -> list[Damage]:
    """What is damaged, every file looked at anew."""
    return [damage for table in tables if (damage := damage_in(lake, table, lake.damaged(table)))]


def damage_in(lake: Lake, table: Table, files: Sequence[str]) -> Damage | None:
    """Damaged files of one table; None when there are none."""
    if not files:
        return None
    dated = "day" in table.schema
    return Damage(table=table, files=tuple(files), days=tuple(lake.days_of(table, files)) if dated else ())


def ask(lake: Lake, config: Config, damaged: Sequence[Damage], now: datetime) -> Healing:
    """Ask for all that is damaged and can be computed from what is whole. May be killed at any moment and called again.

    Of a lake whose list of files or of removed days is damaged, nothing: what would be computed could miss rows.
    """
    lost = [f"{damage.table.name}: {', '.join(damage.files)}. {remedy(damage.table)}" for damage in damaged if damage.table in GIVEN]
    derived = [damage for damage in damaged if damage.table not in GIVEN]
    if not derived or any(damage.table in (FILES, RETIRED) for damage in damaged):
        return Healing(lost=tuple(lost))
    with lake.alone():
        _free_the_list(lake, config, derived, now)
        since = changes_since(lake, config) or date.min
        core = sorted({day for damage in derived if damage.table in OF_CORE for day in damage.days})
        other = sorted({day for damage in derived if damage.table not in OF_CORE and damage.table.partition for day in damage.days})
        ask_core(lake, core)
        restatements.ask_again(lake, [day for day in other if day >= since], now)
        for damage in derived:  # of a table that is one piece, a write has to read what it replaces
            if damage.table.partition is None:
                lake.give_up(damage.table, damage.files)
    final = [day for day in other if day < since]
    return Healing(core=tuple(core), closing=tuple(day for day in other if day >= since), lost=(*lost, *_unasked(derived, final)))


def _free_the_list(lake: Lake, config: Config, damaged: Sequence[Damage], now: datetime) -> None:
    """The list of what is to be computed, without its damaged files: whatever they may have listed is asked for."""
    for damage in damaged:
        if damage.table == RESTATEMENTS:
            restatements.ask_from(lake, config, min(damage.days), now)
            lake.give_up(damage.table, damage.files)


def _unasked(damaged: Sequence[Damage], final: Sequence[date]) -> Iterator[str]:
    """What follows from other tables and is not asked for here."""
    if final:
        yield f"Results of {len(final)} days from {final[0]} on are final (retention in mta.yaml). Put their files back from a copy."
    for damage in damaged:
        if damage.table.partition is None and damage.table not in (BOTS, RESTATEMENTS):
            yield f"{damage.table.name}: rows are gone. Run the job that makes it again."
