"""Simulated worlds -> scorecard/*: how far the models in force are from the truth. Started by a person: it reads nothing of the lake and takes minutes."""

import dagster as dg

from mta_assets.config import Config
from mta_assets.contracts.scorecard import SCORECARDS
from mta_assets.defs.assets.steps import Events
from mta_assets.defs.observed import observed
from mta_assets.defs.reports import ROW_COUNT
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.versions import model_version, version_of


class TrialConfig(dg.Config):
    """What the models are tried on; what is left out is as of `mta scorecard`."""

    worlds: list[str] | None = None
    seeds: list[int] | None = None
    users: int | None = None


def scorecard_asset(lake: LakeResource) -> dg.AssetsDefinition:
    """One step for both tables."""
    # Worlds are attributed with the default settings, whatever those of the lake are.
    version = version_of(**{name: model_version(model, Config()) for name, model in lake.models.items()})

    @step(name="try_models", specs=[spec_of(table, uri=lake.uri(table.name), code_version=version) for table in SCORECARDS])
    @observed
    def scorecard_step(context: dg.AssetExecutionContext, config: TrialConfig, lake: LakeResource) -> Events:
        """Try every model on every world and seed."""
        from mta_assets.scorecard.keep import keep  # noqa: PLC0415  loads the simulator, which no other step needs
        from mta_assets.scorecard.run import Trial, scorecard  # noqa: PLC0415  as above
        from mta_assets.scorecard.summary import foretelling_markdown, markdown  # noqa: PLC0415  as above

        given = {name: value for name, value in config.model_dump().items() if value is not None}
        card = scorecard(lake.models, Trial(**given), context.log.info)
        shown = (markdown(card.rows), foretelling_markdown(card.predictions))
        for (table, frame), text in zip(keep(lake.lake, card).items(), shown, strict=True):
            yield dg.MaterializeResult(asset_key=key_of(table), metadata={ROW_COUNT: frame.height, "table": dg.MetadataValue.md(text)})

    return scorecard_step
