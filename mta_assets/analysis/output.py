"""A tidy result or rejected rows as a file: CSV, JSON or Parquet by the name's ending. Whole or not at all; spreadsheet formulas made harmless."""

from pathlib import Path

import orjson
import polars as pl

from mta_assets.errors import MtaError

ENDINGS = (".csv", ".json", ".parquet")
# A spreadsheet takes a cell that begins like this for a formula; a leading apostrophe makes it text.
FORMULA = r"^[=+\-@\t\r]"


def tidy(results: pl.DataFrame) -> pl.DataFrame:
    """The results as people take them on: without the currency when there is but one."""
    return results.drop("currency") if results["currency"].n_unique() <= 1 else results


def check_writable(path: Path) -> None:
    """Raises MtaError when no file of this name could be written, so that it is known before the work is done."""
    if path.suffix.lower() not in ENDINGS:
        raise MtaError(f"{path}: the ending says the format, and it must be one of {', '.join(ENDINGS)}.")
    if not path.absolute().parent.is_dir():
        raise MtaError(f"{path}: there is no folder {path.absolute().parent}. Create it, or write somewhere else.")
    if path.is_dir():
        raise MtaError(f"{path} is a folder; name a file.")


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write the frame, full precision, in the place of a file of that name. A failure leaves what was there."""
    check_writable(path)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        _write(frame, unfinished, path.suffix.lower())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise MtaError(f"{path} could not be written: {error.strerror or error}. Nothing was changed; mend it and run again.") from error


def harmless_csv(frame: pl.DataFrame) -> str:
    """The frame as CSV, full precision; text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return frame.with_columns(*_exact_money(frame), *_harmless(frame)).write_csv()


def records(frame: pl.DataFrame) -> list[dict[str, object]]:
    """The rows as JSON takes them: money as numbers, days as ISO text."""
    money = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal)]
    return frame.with_columns(pl.col(money).cast(pl.Float64)).to_dicts()


def _write(frame: pl.DataFrame, path: Path, ending: str) -> None:
    match ending:
        case ".parquet":
            frame.write_parquet(path)
        case ".json":
            path.write_bytes(orjson.dumps(records(frame), option=orjson.OPT_INDENT_2))
        case _:
            path.write_text(harmless_csv(frame), encoding="utf-8")


def _exact_money(frame: pl.DataFrame) -> list[pl.Expr]:
    money = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal)]
    return [pl.col(name).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".") for name in money]


def _harmless(frame: pl.DataFrame) -> list[pl.Expr]:
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return [
        pl.when(pl.col(name).str.contains(FORMULA)).then(pl.concat_str(pl.lit("'"), name)).otherwise(pl.col(name)).alias(name)
        for name in texts
    ]
