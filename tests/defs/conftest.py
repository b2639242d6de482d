"""A small shop whose files were ingested and attributed by Dagster once; each test that changes something works on a copy."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest

from mta_assets.config import Config
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.models.base import AttributionModel
from tests.defs.dagster_shop import CONFIG, FEW, Shop, land
from tests.servers import as_administrator


@pytest.fixture(scope="session")
def attributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, dict[str, dg.ExecuteInProcessResult]]]:
    """The shop after everything that its files led to, and each run by its job and days. Not to be changed."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    land(shop.folder)
    results = {"ingest": shop.run("ingest")}
    while pending := pending_work(shop.resource.lake):
        results[f"{pending[0].job} {pending[0].days}"] = shop.run(pending[0].job, pending[0].days)
    yield shop, results
    shop.instance.dispose()


@pytest.fixture
def shop_of(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Makes shops over this test's own folder: empty of files until some are dropped."""
    made = []

    def make(models: Mapping[str, AttributionModel] = FEW, config: Config = CONFIG) -> Shop:
        made.append(Shop(tmp_path, models, config))
        return made[-1]

    yield make
    for shop in made:
        shop.instance.dispose()


@pytest.fixture
def dagster_on_postgres(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Shops made after this keep Dagster's runs and events in an empty database of a real server."""
    as_administrator(postgres_server, "CREATE DATABASE of_dagster")
    monkeypatch.setenv("MTA_DAGSTER_POSTGRES_URL", f"postgresql://mta:unchecked@/of_dagster?host={postgres_server}")
    yield
    as_administrator(postgres_server, "DROP DATABASE of_dagster WITH (FORCE)")


@pytest.fixture
def copied(attributed: tuple[Shop, object], shop_of: Callable[..., Shop], tmp_path: Path) -> Callable[..., Shop]:
    """Makes a shop of one's own with the files and the lake of the attributed one, and with other models where wanted."""

    def copy(models: Mapping[str, AttributionModel] = FEW) -> Shop:
        for part in ("lake", "landing"):
            shutil.copytree(attributed[0].folder / part, tmp_path / part)
        return shop_of(models)

    return copy
