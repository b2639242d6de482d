"""What the tests of ingest share: a file of given bytes put through conform_file, with the laws of every file checked on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mta_assets.config import Config, SourceConfig
from mta_assets.contracts.tables import QUARANTINE, STAGED
from mta_assets.ingest.conform import conform_file

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All batches of a file together."""

    frames: dict[str, pl.DataFrame]
    rejected: pl.DataFrame
    rows_read: int

    @property
    def touchpoints(self) -> pl.DataFrame:
        return self.frames["touchpoints"]

    @property
    def conversions(self) -> pl.DataFrame:
        return self.frames["conversions"]

    @property
    def spend(self) -> pl.DataFrame:
        return self.frames["spend"]

    @property
    def reasons(self) -> dict[int, str]:
        """Row number -> 'column: reason'."""
        return {row: f"{column}: {reason}" for row, column, reason in self.rejected.select("row", "column", "reason").iter_rows()}


def conformed(path: Path, source: SourceConfig, config: Config | None = None) -> Outcome:
    """The outcome of a file, after checking what holds for every file: contracts are met, every row read is accepted or rejected, once."""
    batches = list(
        conform_file(path, file="in.csv", source_name="test", source=source, config=config or Config(), now=NOW, file_version="v1")
    )
    frames = {kind: pl.concat([batch.frames[kind] for batch in batches if kind in batch.frames]) for kind in batches[0].frames}
    rejected = QUARANTINE.validate(pl.concat([batch.rejected for batch in batches]))
    for kind, frame in frames.items():
        STAGED[kind].validate(frame)
    accepted = {row for frame in frames.values() for row in frame["row"]}
    rows_read = sum(batch.rows_read for batch in batches)
    assert accepted.isdisjoint(rejected["row"])
    assert len(accepted) + rejected.height == rows_read
    return Outcome(frames=frames, rejected=rejected, rows_read=rows_read)


Conform = Callable[..., Outcome]


@pytest.fixture
def conform(tmp_path: Path) -> Conform:
    """Conform a file of the given content; further words are the source's settings, `config` the configuration."""

    def run(content: str | bytes, kind: str = "touchpoints", config: Config | None = None, **settings: object) -> Outcome:
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return conformed(path, SourceConfig.model_validate({"kind": kind, "glob": "*", **settings}), config)

    return run


@pytest.fixture(scope="module")
def conform_once(tmp_path_factory: pytest.TempPathFactory) -> Conform:
    """As `conform`, for property tests, which run many examples within one test."""
    path = tmp_path_factory.mktemp("files") / "file"

    def run(content: bytes, kind: str = "touchpoints", **settings: object) -> Outcome:
        path.write_bytes(content)
        return conformed(path, SourceConfig.model_validate({"kind": kind, "glob": "*", **settings}))

    return run


@pytest.fixture
def shared_data() -> Path:
    """The public files that are no part of the product."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared/data is absent: public files that are not part of the project")
    return SHARED_DATA
