"""The section `privacy` of `mta.yaml`. What each setting protects from, and what not, is in docs/privacy.md."""

from pydantic import Field

from mta_assets.config_section import Section


class PrivacyConfig(Section):
    """How little is kept and shown of single users."""

    pseudonyms: bool = Field(
        False,
        description="Whether user ids are stored as keyed hashes; the key is MTA_PRIVACY_KEY. To be set before the first file is read.",
    )
