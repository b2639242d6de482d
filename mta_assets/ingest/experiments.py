"""The experiments that `mta.yaml` and the file it names state -> one frame. Strict: a wrong cell refuses them all, for an experiment moves every channel."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mta_assets.config_experiments import ExperimentConfig, ExperimentsConfig
from mta_assets.contracts.experiments import EXPERIMENTS
from mta_assets.errors import ConfigError, did_you_mean

_REQUIRED = tuple(name for name, field in ExperimentConfig.model_fields.items() if field.is_required())
_HEADER = ",".join(ExperimentConfig.model_fields)
_LISTED = "experiments.listed.{} of mta.yaml"
_WORDS = {
    "missing": "is empty; fill it",
    "literal_error": "is no kind of experiment; write holdout or geo_lift",
    "float_parsing": "is no number; write plain digits with a decimal point, e.g. 310.5",
}

Stated = Sequence[tuple[str, ExperimentConfig]]


def experiments(section: ExperimentsConfig, today: date) -> pl.DataFrame:
    """`EXPERIMENTS` rows of all that are stated, in the order of `mta.yaml`, then of the file.

    Raises ConfigError that names each wrong cell by file, row and column, with what to do: what is no experiment, is not over yet, or is stated twice.
    """
    stated = [(_LISTED.format(index), each) for index, each in enumerate(section.listed)]
    if section.file is not None:
        stated += _of_file(Path(section.file))
    wrong = [*_not_over(stated, today), *_twice(stated)]
    if wrong:
        raise _refusal(wrong)
    rows = [{"stated": where, **each.model_dump(), "valid_until": _until(each, section.valid_days)} for where, each in stated]
    return EXPERIMENTS.conform(pl.DataFrame(rows, schema=EXPERIMENTS.schema))


def read_experiment_file(path: Path, valid_days: int, today: date) -> pl.DataFrame:
    """`EXPERIMENTS` rows of one file. Raises ConfigError as `experiments` does."""
    return experiments(ExperimentsConfig(file=str(path), valid_days=valid_days), today)


def _until(each: ExperimentConfig, valid_days: int) -> date:
    return each.valid_until or each.last_day + timedelta(days=valid_days)


def _of_file(path: Path) -> Stated:
    """(where, experiment) of each row of a CSV file."""
    stated, wrong = [], []
    for row, cells in _rows(path):
        try:
            stated.append((f"{path.name} row {row}", ExperimentConfig.model_validate(cells)))
        except ValidationError as error:
            wrong += [f"{path.name} row {row}, {_problem(problem, cells)}" for problem in error.errors()]
    if wrong:
        raise _refusal(wrong)
    return stated


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """(row as a spreadsheet counts, column -> text of those that are not empty) of each row that has any."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            head = text.readline()
            names = [name.strip().lower() for name in next(csv.reader([head], delimiter=_delimiter(head)), [])]
            _check_header(path, names)
            reader = csv.reader(text, delimiter=_delimiter(head))
            for cells in reader:
                row = reader.line_num + 1
                if len(cells) > len(names):
                    raise ConfigError(
                        f"{path.name} row {row} has {len(cells)} cells, and the header {len(names)}: write one cell per column."
                    )
                given = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
                if given:
                    yield row, given
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"The file of experiments {path} cannot be read: {error}. Write {_HEADER} as CSV in UTF-8.") from error


def _delimiter(head: str) -> str:
    return ";" if head.count(";") > head.count(",") else ","


def _check_header(path: Path, names: Sequence[str]) -> None:
    known = ExperimentConfig.model_fields
    for name in names:
        if name not in known:
            raise ConfigError(f"{path.name} row 1: there is no column {name!r} of experiments. {did_you_mean(name, known)}")
        if names.count(name) > 1:
            raise ConfigError(f"{path.name} row 1 has the column {name} twice; keep one.")
    absent = [name for name in _REQUIRED if name not in names]
    if absent:
        raise ConfigError(f"{path.name} row 1 lacks the column {', '.join(absent)}; write {_HEADER} (valid_until may be left out).")


def _problem(problem: ErrorDetails, cells: Mapping[str, str]) -> str:
    """What is wrong with one cell, or with a row as a whole, and what to do."""
    column = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if not column:
        return f"its days: {message}"
    said = f" {cells[column]!r}" if column in cells else ""
    return f"column {column}:{said} {_WORDS.get(problem['type'], message)}"


def _not_over(stated: Stated, today: date) -> list[str]:
    return [
        f"{where}, column last_day: {each.last_day} lies in the future (today is {today}); an experiment is stated once it is over"
        for where, each in stated
        if each.last_day > today
    ]


def _twice(stated: Stated) -> list[str]:
    first: dict[tuple[str, date, date], str] = {}
    wrong = []
    for where, each in stated:
        before = first.setdefault((each.channel, each.first_day, each.last_day), where)
        if before != where:
            wrong.append(
                f"{where}, column channel: an experiment of {each.channel!r} from {each.first_day} to {each.last_day} is stated by {before} already; remove one"
            )
    return wrong


def _refusal(wrong: Sequence[str]) -> ConfigError:
    return ConfigError(f"{len(wrong)} thing(s) are wrong with the experiments:\n" + "\n".join(f"  {each}" for each in wrong))
