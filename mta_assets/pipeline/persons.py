"""Who the users of a lake are: what they are called in it, and who was erased. The key is read only where one of the two needs it."""

from mta_assets.config import Config
from mta_assets.contracts.tables import ERASED
from mta_assets.ingest.persons import NOBODY, Persons
from mta_assets.lake.lake import Lake
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.pepper import read_privacy_keys


def persons_of(lake: Lake, config: Config) -> Persons:
    """The users of this lake. Raises ConfigError when a key that is needed is not there."""
    erased = frozenset(lake.read(ERASED).select("key_id", "mark").iter_rows())
    if not erased and not config.privacy.pseudonyms:
        return NOBODY
    return Persons(keys=read_privacy_keys(Settings(), ApiSettings()), pseudonyms=config.privacy.pseudonyms, erased=erased)
