"""Which columns each kind of source may carry: the words that mapping, defaults and documentation share."""

from collections.abc import Mapping
from dataclasses import dataclass

from mta_assets.config import Kind
from mta_assets.contracts.tables import NOT_SET


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of ours as a file may carry it.

    aliases: other names that are ours too. default: what an absent column or an empty cell means; None leaves it empty.
    kept: whether its values go to `extra` as well, because no table has a column for them.
    """

    name: str
    meaning: str
    required: bool = False
    aliases: tuple[str, ...] = ()
    default: str | None = None
    kept: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that is ours."""
        return (self.name, *self.aliases)


_USER_ID = Field(name="user_id", meaning="the user as the source names it", required=True)
_TS = Field(name="ts", meaning="when it happened", required=True)
_CHANNEL = Field(name="channel", meaning="the channel; found by the channel rules when empty")
_REFERRER = Field(name="referrer", meaning="the page the visit came from, for the channel rules", kept=True)
_CAMPAIGN = Field(name="campaign", meaning="the campaign", default=NOT_SET)
_CURRENCY = Field(name="currency", meaning="ISO 4217; `currency` of mta.yaml when empty")
_EVENT_ID = Field(name="event_id", meaning="the identity of the row within its source; made from its content when empty")
_CONVERSION_ID = Field(name="conversion_id", meaning="the identity of the conversion within its source; made from its content when empty")
_CONSENT = Field(name="consent", meaning="whether the user agreed to be followed: yes or no; `privacy.consent_unless_said` when empty")
_TOUCH = (
    _CHANNEL,
    Field(name="source", meaning="where the visit came from", default=NOT_SET),
    Field(name="medium", meaning="by what means", default=NOT_SET),
    _CAMPAIGN,
    _REFERRER,
    Field(name="kind", meaning="click, view or visit", default="visit"),
    Field(name="cost", meaning="what this touch cost"),
)
_VALUE = Field(name="value", meaning="what the conversion was worth", aliases=("conversion_value",), default="0")

FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    "touchpoints": (_EVENT_ID, _USER_ID, _TS, _CONSENT, *_TOUCH),
    "conversions": (
        _CONVERSION_ID,
        _USER_ID,
        _TS,
        _CONSENT,
        Field(name="goal", meaning="what was reached", default="purchase"),
        _VALUE,
        _CURRENCY,
    ),
    "event_log": (
        _EVENT_ID,
        _CONVERSION_ID,
        _USER_ID,
        _TS,
        _CONSENT,
        *_TOUCH,
        Field(name="conversion", meaning="whether the row is a conversion: 0/1, true/false, yes/no", required=True, default="0"),
        Field(name="goal", meaning="what was reached", default="conversion"),
        _VALUE,
        _CURRENCY,
    ),
    "spend": (
        Field(name="spend_id", meaning="the identity of the row within its source; made from its dimensions when empty"),
        Field(name="day", meaning="the day the money was spent", required=True, aliases=("date",)),
        _CHANNEL,
        Field(name="source", meaning="the advertising platform, for the channel rules", kept=True),
        Field(name="medium", meaning="the kind of advertising, for the channel rules", kept=True),
        _CAMPAIGN,
        Field(name="cost", meaning="money spent", required=True, aliases=("spend",)),
        _CURRENCY,
        Field(name="impressions", meaning="times shown"),
        Field(name="clicks", meaning="times clicked"),
    ),
}
# One of these must be there, or every row would silently be called direct traffic.
EVIDENCE: Mapping[Kind, tuple[str, ...]] = {
    "touchpoints": ("channel", "source", "medium", "campaign", "referrer"),
    "event_log": ("channel", "source", "medium", "campaign", "referrer"),
    "spend": ("channel", "source", "medium"),
    "conversions": (),
}
