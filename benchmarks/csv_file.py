"""`python benchmarks/csv_file.py FOLDER`: what `mta attribute` does with 100 MB of CSV, every model, beside a bare `polars.read_csv` of the same files."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from stages import Stages

from mta_assets.analysis.recognise import GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.analysis.steps import Stage, Step
from mta_assets.config import Config
from mta_assets.contracts.arrays import HISTORIES
from mta_assets.models.registry import MODELS

FILES = ("touchpoints.csv", "conversions.csv")
NOW = datetime(2100, 1, 1, tzinfo=UTC)
# What is fitted to events has a row of its own: it takes as long whatever the file's form is.
JOURNEY_MODELS = [name for name, model in MODELS.items() if HISTORIES not in getattr(model, "needs", ())]


class Told:
    """CPU seconds between what the analysis tells of itself."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._current = stages(str(Stage.READING))
        self._current.__enter__()

    def __call__(self, step: Step) -> None:
        """The stage goes on, or the next one begins."""
        self.close()
        self._current = self._stages(str(step.stage))
        self._current.__enter__()

    def close(self) -> None:
        """The stage that runs ends."""
        self._current.__exit__(None, None, None)


def main(folder: Path) -> None:
    begun = time.process_time()
    for name in FILES:
        pl.read_csv(folder / name, try_parse_dates=True)
    bare_s = time.process_time() - begun
    stages = Stages()
    told = Told(stages)
    found = analyze([GivenFile(path=folder / name) for name in FILES], Options(models=",".join(JOURNEY_MODELS)), Config(), NOW, told)
    told.close()
    megabytes = sum((folder / name).stat().st_size for name in FILES) / 1e6
    stages.report(bare_s=bare_s, rows=found.rows.read, megabytes=megabytes, models=found.results["model"].n_unique())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
