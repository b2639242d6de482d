"""Where Dagster keeps its own runs and events: Postgres when MTA_DAGSTER_POSTGRES_URL is set, else SQLite. Named in `dagster_home/dagster.yaml`."""

from collections.abc import Mapping

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from mta_assets.errors import ConfigError
from mta_assets.settings import Settings


class EmbeddedOrPostgres(DagsterSqliteStorage):
    """SQLite, unless a Postgres is named. `dagster.yaml` itself cannot say "or": a variable that it names must be set."""

    @classmethod
    def from_config_value(  # type: ignore[override]  # it hands out a storage of either kind
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, str]
    ) -> DagsterStorage:
        """The storage in force. config_value: base_dir, the folder of the SQLite files."""
        url = Settings().dagster_postgres_url
        if not url:
            return DagsterSqliteStorage.from_local(config_value["base_dir"], inst_data=inst_data)
        try:
            from dagster_postgres import DagsterPostgresStorage  # noqa: PLC0415  an extra, needed only where Postgres is used
        except ImportError as error:
            raise ConfigError("MTA_DAGSTER_POSTGRES_URL is set, but the extra is missing: pip install 'mta-assets[postgres]'.") from error
        return DagsterPostgresStorage(url, should_autocreate_tables=True, inst_data=inst_data)
