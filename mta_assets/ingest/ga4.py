"""The default channel rule set: GA4's published default channel group for manually tagged traffic, as ordered rules. Data, no engine.

Source: Google Analytics Help, "Default channel group", support.google.com/analytics/answer/9756891, in its edition of 2024.
Left out: the conditions on Google's own ad network fields, which raw exports do not have.
"""

import re

from mta_assets.config import ChannelRule
from mta_assets.contracts.tables import NOT_SET

VERSION = "ga4-2024.1"  # a change of the rules is a change of the version: it decides what the same file means

_UNKNOWN = re.escape(NOT_SET)
_PAID = ".*cp.*|ppc|retargeting|paid.*"
_SHOPPING = ".*(([^a-df-z]|^)shop|shopping).*"
_EMAIL = "e[-_ ]?mail"

# Where the publication says "or", there is a rule for each side.
DEFAULT_RULES: tuple[ChannelRule, ...] = (
    ChannelRule(channel="direct", source=rf"[(]?direct[)]?|{_UNKNOWN}", medium=rf"[(]?none[)]?|{_UNKNOWN}"),
    ChannelRule(channel="cross-network", campaign=".*cross-network.*"),
    ChannelRule(channel="paid shopping", source_category="shopping", medium=_PAID),
    ChannelRule(channel="paid shopping", campaign=_SHOPPING, medium=_PAID),
    ChannelRule(channel="paid search", source_category="search", medium=_PAID),
    ChannelRule(channel="paid social", source_category="social", medium=_PAID),
    ChannelRule(channel="paid video", source_category="video", medium=_PAID),
    ChannelRule(channel="display", medium="display|banner|expandable|interstitial|cpm"),
    ChannelRule(channel="paid other", medium=_PAID),
    ChannelRule(channel="organic shopping", source_category="shopping"),
    ChannelRule(channel="organic shopping", campaign=_SHOPPING),
    ChannelRule(channel="organic social", source_category="social"),
    ChannelRule(channel="organic social", medium="social|social[- ]network|social[- ]media|sm"),
    ChannelRule(channel="organic video", source_category="video"),
    ChannelRule(channel="organic video", medium=".*video.*"),
    ChannelRule(channel="organic search", source_category="search"),
    ChannelRule(channel="organic search", medium="organic"),
    ChannelRule(channel="referral", medium="referral|app|link"),
    ChannelRule(channel="email", source=_EMAIL),
    ChannelRule(channel="email", medium=_EMAIL),
    ChannelRule(channel="affiliates", medium="affiliates?"),
    ChannelRule(channel="audio", medium="audio"),
    ChannelRule(channel="sms", source="sms"),
    ChannelRule(channel="sms", medium="sms"),
    ChannelRule(channel="mobile push", medium=".*push|.*mobile.*|.*notification.*"),
    ChannelRule(channel="mobile push", source="firebase"),
)
