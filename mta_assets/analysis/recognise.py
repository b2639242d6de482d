"""What a given file is - event log, touchpoints, conversions, spend or path table - by its columns, and which of the caller's column names concern it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mta_assets.config import Config, Kind, SourceConfig, parse_config
from mta_assets.errors import CallError, DataError, did_you_mean
from mta_assets.ingest.fields import EVIDENCE, FIELDS
from mta_assets.ingest.readers.detect import raw_table

FileKind = Literal["event_log", "touchpoints", "conversions", "spend", "path_table"]
PATH_COLUMNS = ("path", "total_conversions", "total_conversion_value", "total_null")
# Our names and aliases of every column, by kind.
NAMES: Mapping[str, tuple[str, ...]] = {
    **{kind: tuple(name for field in fields for name in field.names) for kind, fields in FIELDS.items()},
    "path_table": PATH_COLUMNS,
}
_NEEDS = """  an event log:   user_id, ts, conversion (0 or 1), and channel or source, medium, campaign
  touchpoints:    user_id, ts, and channel or source, medium, campaign
  conversions:    user_id, ts, and conversion_id, goal or value
  spend:          day, cost, and channel
  a path table:   path (channels separated by >), total_conversions"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file as the caller hands it over. kind: None when its columns shall say; name: what to call it instead of its path."""

    path: Path
    kind: FileKind | None = None
    name: str | None = None

    @property
    def shown(self) -> str:
        """What messages call it."""
        return self.name or str(self.path)

    @property
    def short(self) -> str:
        """What its rows say they are from."""
        return self.name or self.path.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A file and what it is. source: how to read it; of a path table only its format and column mapping matter."""

    given: GivenFile
    kind: FileKind
    source: SourceConfig

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.given.path


def recognise(files: Sequence[GivenFile], columns: Mapping[str, str], timezone: str | None, config: Config) -> list[Recognised]:
    """What each file is and how to read it.

    columns: our name -> theirs; `kind.name` concerns the files of one kind only, any other name every file that has the column.
    A source of mta.yaml whose glob the path ends in says how to read the file, as far as the caller does not.
    Raises DataError, naming the file, when the columns fit no kind or more than one, and CallError when an entry of `columns` concerns no file.
    """
    _check_names(columns)
    headers = {file.path: _header(file, _declared(file.path, config)) for file in files}
    recognised = [_recognised(file, headers[file.path], columns, timezone, config) for file in files]
    for ours, theirs in columns.items():
        if "." not in ours and not any(theirs in file.source.columns.values() for file in recognised):
            _refuse_unused(ours, theirs, recognised, headers)
    return recognised


def column_mapping(text: str) -> dict[str, str]:
    """`user_id=CUSTOMERID,ts=TIMESTAMP` as a mapping from our names to theirs. Raises CallError where it is none."""
    mapping: dict[str, str] = {}
    for part in text.split(","):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not (ours and equals and theirs):
            raise CallError(f"{part.strip()!r} is not OURS=THEIRS; write for example user_id=customer_id,ts=time", "columns")
        if mapping.setdefault(ours, theirs) != theirs:
            raise CallError(f"{ours} is mapped twice, to {mapping[ours]!r} and to {theirs!r}; keep one", "columns")
    return mapping


def _recognised(file: GivenFile, header: Sequence[str], columns: Mapping[str, str], timezone: str | None, config: Config) -> Recognised:
    declared = _declared(file.path, config)
    kind = file.kind or (declared.kind if declared else _kind_of(file.shown, header, columns))
    general = {ours: theirs for ours, theirs in columns.items() if ours in NAMES[kind] and theirs in header}
    special = {name: theirs for ours, theirs in columns.items() for of, dot, name in [ours.partition(".")] if dot and of == kind}
    base = declared if declared and declared.kind == kind else SourceConfig(kind=_readable_as(kind), glob="*")
    settings = {"columns": {**base.columns, **general, **special}} | ({"timezone": timezone} if timezone else {})
    checked = parse_config({"sources": {"file": base.model_dump() | settings}}, name=f"What is said of {file.shown}")
    return Recognised(given=file, kind=kind, source=checked.sources["file"])


def _readable_as(kind: FileKind) -> Kind:
    return "event_log" if kind == "path_table" else kind


def _declared(path: Path, config: Config) -> SourceConfig | None:
    return next((source for source in config.sources.values() if path.match(source.glob)), None)


def _header(file: GivenFile, source: SourceConfig | None) -> list[str]:
    """The file's columns; none when it holds nothing."""
    try:
        with raw_table(file.path, source or SourceConfig(kind="event_log", glob="*")) as table:
            first = next(table.batches, None)
            return [] if first is None else first.cells.columns
    except DataError as error:
        raise DataError(f"{file.shown}: {error}") from error


def _kind_of(shown: str, header: Sequence[str], columns: Mapping[str, str]) -> FileKind:
    fitting = _fitting(header, columns)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        either = " or ".join(kind.replace("_", " ") for kind in fitting)
        ways = ", ".join(f"--{kind.replace('_', '-')} {shown}" for kind in fitting)
        raise DataError(f"{shown} may be {either}: it has a channel as well as what a conversion is worth. Say which it is: {ways}.")
    if not header:
        raise DataError(f"{shown} is empty: it has no header and no row. Check the export and send it again.")
    hint = " ".join(filter(None, (_near(name, header) for name in ("conversion", "channel", "user_id", "ts", "path"))))
    columns_found = ", ".join(header[:40])
    raise DataError(
        f"{shown} does not look like any kind of input. It has: {columns_found}. It needs the columns of one of\n{_NEEDS}\n"
        f"{hint}{' ' if hint else ''}Map other names with --columns OURS=THEIRS,... (a wrong delimiter also looks like this)."
    )


def _fitting(header: Sequence[str], columns: Mapping[str, str]) -> list[FileKind]:
    folded = {name.strip().casefold() for name in header}
    named = {ours.rpartition(".")[2] for ours, theirs in columns.items() if theirs.strip().casefold() in folded}
    has = (folded | named).__contains__
    if has("path") and has("total_conversions"):
        return ["path_table"]
    if has("conversion"):
        return ["event_log"]
    if any(map(has, ("day", "date"))) and any(map(has, ("cost", "spend"))) and not has("user_id"):
        return ["spend"]
    somewhere = any(map(has, EVIDENCE["touchpoints"]))
    conversion = any(map(has, ("conversion_id", "goal", "value", "conversion_value")))
    found: list[tuple[FileKind, bool]] = [("touchpoints", somewhere), ("conversions", conversion)]
    return [kind for kind, fits in found if fits]


def _near(ours: str, header: Sequence[str]) -> str:
    hint = did_you_mean(ours, header)
    return f"For {ours}: {hint.lower()}" if hint.startswith("Did") else ""


def _check_names(columns: Mapping[str, str]) -> None:
    for ours in columns:
        kind, dot, name = ours.rpartition(".")
        if dot and kind not in get_args(FileKind):
            raise CallError(f"columns: {kind!r} in {ours!r} is no kind of file. {did_you_mean(kind, get_args(FileKind))}", "columns")
        known = NAMES[kind] if dot else sorted({name for names in NAMES.values() for name in names})
        if name not in known:
            raise CallError(
                f"columns: {name!r} is none of our columns. {did_you_mean(name, known)} Write OURS=THEIRS, e.g. user_id=customer_id.",
                "columns",
            )


def _refuse_unused(ours: str, theirs: str, files: Sequence[Recognised], headers: Mapping[Path, Sequence[str]]) -> None:
    everything = sorted({name for file in files for name in headers[file.path]})
    if theirs in everything:
        kinds = " and ".join(sorted({file.kind.replace("_", " ") for file in files if theirs in headers[file.path]}))
        raise CallError(f"columns maps {ours} to {theirs!r}, but {kinds} has no column {ours}. Leave it out.", "columns")
    raise CallError(f"columns maps {ours} to {theirs!r}, which no given file has. {did_you_mean(theirs, everything)}", "columns")
