"""What several commands take: the column mapping, the configuration file. Parsing only, and quick to import."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from mta_assets.config import Config, load_config
from mta_assets.errors import CallError
from mta_assets.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])
FILE = click.Path(path_type=Path)


class ColumnMapping(click.ParamType):
    """`user_id=CUSTOMERID,ts=TIMESTAMP` as a mapping from our names to theirs."""

    name = "OURS=THEIRS,..."

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        """The mapping; a call that cannot be understood is refused with the form that can."""
        if isinstance(value, dict):
            return value
        from mta_assets.analysis.recognise import column_mapping  # noqa: PLC0415  loads the readers

        try:
            return column_mapping(str(value))
        except CallError as error:
            self.fail(str(error), param, ctx)


def reading_options(command: Command) -> Command:
    """How a file is to be read: --columns, --timezone, --config."""
    for option in (
        click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml)."),
        click.option("--timezone", metavar="ZONE", help="The zone of times that carry no offset, e.g. Europe/Berlin. [default: UTC]"),
        click.option(
            "--columns",
            type=ColumnMapping(),
            callback=lambda _, __, value: value or {},
            help="Which column of yours is which of ours. Where two files differ, say for which kind: conversions.ts=ordered_at.",
        ),
    ):
        command = option(command)
    return command


def configuration(path: Path | None) -> Config:
    """The configuration of this file, which then must exist, or of MTA_CONFIG, which may be absent."""
    if path is not None and not path.exists():
        raise click.BadParameter(f"there is no file {path}", param_hint="'--config'")
    return load_config(path or Settings().config)


def holdout_shares(holdouts: tuple[str, ...]) -> dict[str, float]:
    """Channel -> share, of CHANNEL=SHARE."""
    shares = {}
    for text in holdouts:
        channel, _, share = text.partition("=")
        try:
            shares[channel] = float(share)
        except ValueError:
            raise CallError(
                f"--holdout {text!r} is not CHANNEL=SHARE; write for example --holdout 'brand search=0.1'.", "holdout"
            ) from None
    return shares
