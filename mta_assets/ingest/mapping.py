"""Which column of a file means which of ours. A file whose required columns cannot be found is refused with what to write instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError, did_you_mean
from mta_assets.ingest.fields import EVIDENCE, FIELDS, Field

# What exports call these columns. For the hint only: nothing is ever mapped by it.
_OFTEN_CALLED = {
    "user_id": ("customer_id", "client_id", "user_pseudo_id", "visitor_id", "profile_id", "uid", "email"),
    "ts": ("time", "timestamp", "event_time", "event_timestamp", "event_at", "created_at", "datetime", "date"),
    "day": ("date_day", "report_date", "ts"),
    "cost": ("amount_spent", "amount"),
    "channel": ("channel_name", "channel_grouping", "utm_source", "source_medium"),
    "conversion": ("converted", "is_conversion"),
}
_SHOWN = 40  # columns of a file that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """theirs: our name -> the file's column, for those it has. extra: the file's columns that mean none of ours, sorted."""

    theirs: Mapping[str, str]
    extra: tuple[str, ...]


def match_columns(header: Sequence[str], source: SourceConfig) -> Columns:
    """What each column of the file means: as the source declares, else by name, exactly or else without regard to case."""
    theirs = {}
    for field in FIELDS[source.kind]:
        declared = next((source.columns[name] for name in field.names if name in source.columns), None)
        found = _find((declared,) if declared else field.names, header)
        if found is not None:
            theirs[field.name] = found
    kept = {theirs[field.name] for field in FIELDS[source.kind] if field.kept and field.name in theirs}
    used = set(theirs.values()) - kept
    return Columns(theirs=theirs, extra=tuple(sorted(name for name in header if name not in used)))


def check_declared(source: SourceConfig) -> None:
    """Raises DataError when the source's mapping or defaults name a column that its kind does not have."""
    known = [name for field in FIELDS[source.kind] for name in field.names]
    for setting, names in (("columns", source.columns), ("defaults", source.defaults)):
        for name in names:
            if name not in known:
                raise DataError(f"{setting} names {name!r}, which is no column of {source.kind}. {did_you_mean(name, known)}")


def check_complete(columns: Columns, header: Sequence[str], source: SourceConfig, hint: str) -> None:
    """Raises DataError when the file lacks a column that its rows cannot do without, or one that the source's mapping names."""
    missing = [field for field in FIELDS[source.kind] if field.required and not _given(field, columns, source)]
    evidence = EVIDENCE[source.kind]
    if missing:
        raise DataError(_missing(missing, header, hint))
    if evidence and not any(_given(field, columns, source) for field in FIELDS[source.kind] if field.name in evidence):
        raise DataError(
            f"No column says where the visits came from: it needs one of {', '.join(evidence)}. {_listed(header)} {_hint('channel', header)}"
            "A channel that is the same for all rows goes under defaults, e.g. defaults: {channel: email}."
        )
    for field in FIELDS[source.kind]:
        declared = {ours: theirs for ours, theirs in source.columns.items() if ours in field.names and field.name not in columns.theirs}
        for ours, theirs in declared.items():
            raise DataError(
                f"columns maps {ours} to {theirs!r}, which the file does not have. {_listed(header)} {did_you_mean(theirs, header)}"
            )


def default_of(field: Field, source: SourceConfig) -> str | None:
    """What an empty cell of the field means in this source."""
    return next((source.defaults[name] for name in field.names if name in source.defaults), field.default)


def _find(names: Sequence[str], header: Sequence[str]) -> str | None:
    folded = {name.strip().casefold(): name for name in reversed(header)}
    return next((name for name in names if name in header), None) or next(
        (folded[name.strip().casefold()] for name in names if name.strip().casefold() in folded), None
    )


def _given(field: Field, columns: Columns, source: SourceConfig) -> bool:
    return field.name in columns.theirs or any(name in source.defaults for name in field.names)


def _missing(missing: Sequence[Field], header: Sequence[str], hint: str) -> str:
    wanted = " and ".join(f"{field.name} ({field.meaning})" for field in missing)
    guesses = {field.name: (_near(field.name, header) or ["THEIR_NAME"])[0] for field in missing}
    option = ",".join(f"{ours}={theirs}" for ours, theirs in guesses.items())
    line = ", ".join(f"{ours}: {theirs}" for ours, theirs in guesses.items())
    hints = " ".join(_hint(field.name, header) for field in missing).strip()
    return (
        f"No column for {wanted}. {hint}{_listed(header)} {hints}{' ' if hints else ''}"
        f"Say which column it is: --columns {option}, or in mta.yaml under the source: columns: {{{line}}}."
    )


def _near(ours: str, header: Sequence[str]) -> list[str]:
    folded = {name.strip().casefold(): name for name in reversed(header)}
    often = [folded[name] for name in _OFTEN_CALLED.get(ours, ()) if name in folded]
    close = [folded[name] for name in get_close_matches(ours, folded, n=3, cutoff=0.6)]
    return list(dict.fromkeys((*often, *close)))


def _hint(ours: str, header: Sequence[str]) -> str:
    near = _near(ours, header)
    return f"For {ours}, did you mean {' or '.join(repr(name) for name in near[:3])}? " if near else ""


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(header[:_SHOWN])
    return f"The file has: {shown}{', ...' if len(header) > _SHOWN else ''}."
