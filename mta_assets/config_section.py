"""What every section of `mta.yaml` is: frozen, and strict about its keys. The sections themselves are in `config` and the modules beside it."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the file: frozen, and an unknown key is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone; write for example 'Europe/Berlin' or 'UTC'") from error
    return name


Timezone = Annotated[str, AfterValidator(_known_timezone)]
