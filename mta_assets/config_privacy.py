"""The section `privacy` of `mta.yaml`. What each setting protects from, and what not, is in docs/privacy.md."""

from pydantic import Field

from mta_assets.config_section import Section


class PrivacyConfig(Section):
    """How little is kept and shown of single users."""

    pseudonyms: bool = Field(
        False,
        description="Whether user ids are stored as keyed hashes; the key is MTA_PRIVACY_KEY. To be set before the first file is read.",
    )
    fewest_users: int = Field(
        0,
        ge=0,
        le=32,
        description="Results of fewer users are not shown; 0 shows all. To be set before the first day is computed, or recompute the marts.",
    )
    consent_unless_said: bool = Field(
        True,
        description="Whether a row that says nothing of consent has it. Rows without are counted in aggregate and never used per user.",
    )
