"""The section `advice` of `mta.yaml`: how sure an experiment that `mta compare` proposes is to be. What is made of it is in docs/truth.md."""

from pydantic import Field

from mta_assets.config_section import Section


class AdviceConfig(Section):
    """How large an experiment is proposed."""

    alpha: float = Field(0.1, gt=0, lt=0.5, description="How often an experiment may tell two models apart that do not differ; two-sided.")
    power: float = Field(0.8, gt=0.5, lt=1, description="How often it is to tell them apart when they differ as they say.")
    most_days: int = Field(56, ge=14, le=364, description="How long an experiment may last at most.")
