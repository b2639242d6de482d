"""Channel rules: the published default group, rules of one's own before it, and channels that rows already have."""

import polars as pl
import pytest

from mta_assets.config import ChannelRule, ChannelsConfig, Config
from mta_assets.errors import ConfigError
from mta_assets.ingest.channel_rules import assign, rules_in_force
from mta_assets.ingest.ga4 import DEFAULT_RULES

# One line per condition that the publication states (support.google.com/analytics/answer/9756891).
PUBLISHED = [
    ("(direct)", "(none)", None, "direct"),
    ("(direct)", "(not set)", None, "direct"),
    (None, None, None, "direct"),
    (None, None, "spring", "direct"),
    ("google", "cpc", "shop-cross-network-1", "cross-network"),
    ("amazon.com", "cpc", None, "paid shopping"),
    ("partner", "ppc", "summer-shopping", "paid shopping"),
    ("partner", "ppc", "shop sale", "paid shopping"),
    ("partner", "ppc", "bishop", "paid other"),
    ("partner", "ppc", "barbershop", "paid other"),
    ("partner", "ppc", "eshop", "paid shopping"),
    ("google", "cpc", None, "paid search"),
    ("bing", "ppc", None, "paid search"),
    ("GOOGLE", "CPC", None, "paid search"),
    ("google", "retargeting", None, "paid search"),
    ("facebook.com", "cpc", None, "paid social"),
    ("meta_ads", "paid_social", None, "paid social"),
    ("tiktok", "paid-video", None, "paid social"),
    ("youtube", "cpv", None, "paid video"),
    ("youtube", "cpc", None, "paid video"),
    ("network", "display", None, "display"),
    ("network", "banner", None, "display"),
    ("network", "interstitial", None, "display"),
    ("network", "expandable", None, "display"),
    ("network", "cpm", None, "display"),
    ("network", "cpc", None, "paid other"),
    ("network", "paid", None, "paid other"),
    ("etsy", "referral", None, "organic shopping"),
    ("blog", "referral", "shopping-guide", "organic shopping"),
    ("t.co", "referral", None, "organic social"),
    ("blog", "social-network", None, "organic social"),
    ("blog", "sm", None, "organic social"),
    ("vimeo.com", "referral", None, "organic video"),
    ("blog", "video-embed", None, "organic video"),
    ("www.google.co.uk", "referral", None, "organic search"),
    ("duckduckgo", "organic", None, "organic search"),
    ("somewhere", "organic", None, "organic search"),
    ("blog.example.org", "referral", None, "referral"),
    ("blog", "app", None, "referral"),
    ("blog", "link", None, "referral"),
    ("klaviyo", "email", None, "email"),
    ("e-mail", None, None, "email"),
    ("newsletter", "e_mail", None, "email"),
    ("partner", "affiliate", None, "affiliates"),
    ("spotify", "audio", None, "audio"),
    ("sms", None, None, "sms"),
    ("twilio", "sms", None, "sms"),
    ("app", "webpush", None, "mobile push"),
    ("app", "mobile-banner", None, "mobile push"),
    ("app", "notification", None, "mobile push"),
    ("firebase", "x", None, "mobile push"),
    ("somewhere", "unheard-of", None, "unassigned"),
    ("myfacebook.example", "x", None, "unassigned"),
]


def channel(source: str | None, medium: str | None, campaign: str | None, referrer: str | None = None, rules=DEFAULT_RULES) -> str:
    row = {"source": source, "medium": medium, "campaign": campaign, "referrer": referrer}
    return assign(pl.DataFrame(row, schema=dict.fromkeys(row, pl.String)), rules).item()


@pytest.mark.parametrize(("source", "medium", "campaign", "expected"), PUBLISHED)
def test_the_default_group_is_the_published_one(source, medium, campaign, expected):
    assert channel(source, medium, campaign) == expected


def test_every_channel_of_the_published_group_has_a_rule_and_every_rule_an_example():
    published = (
        "direct, cross-network, paid shopping, paid search, paid social, paid video, display, paid other, organic shopping, organic social, "
        "organic video, organic search, referral, email, affiliates, audio, sms, mobile push"
    ).split(", ")
    assert list(dict.fromkeys(rule.channel for rule in DEFAULT_RULES)) == published
    assert set(published) | {"unassigned"} == {expected for *_, expected in PUBLISHED}
    names = {"source": pl.String, "medium": pl.String, "campaign": pl.String, "expected": pl.String}
    examples = pl.DataFrame(PUBLISHED, schema=names, orient="row").with_columns(referrer=pl.lit(None, dtype=pl.String))
    for left_out in range(len(DEFAULT_RULES)):
        rules = DEFAULT_RULES[:left_out] + DEFAULT_RULES[left_out + 1 :]
        assert (assign(examples, rules) != examples["expected"]).any(), DEFAULT_RULES[left_out]


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("https://www.google.com/search?q=x", "organic search"),
        ("https://l.facebook.com/", "organic social"),
        ("http://user@blog.example.org:8080/post", "referral"),
        ("android-app://com.example", "referral"),
    ],
)
def test_a_visit_that_names_only_its_referrer_is_judged_by_it(conform, referrer, expected):
    rows = conform(f"user_id,ts,source,medium,referrer\nu1,2026-01-05,,,{referrer}\nu1,2026-01-05,x,email,{referrer}\n").touchpoints
    assert rows["channel"].to_list() == [expected, "email"]
    assert rows["source"].to_list() == ["(not set)", "x"]
    assert referrer in rows["extra"][0]


def test_own_rules_come_first_and_hold_for_whole_values_without_regard_to_case(conform):
    rules = [
        {"channel": "brand search", "source_category": "search", "medium": "cpc", "campaign": ".*brand.*"},
        {"channel": "from us", "referrer": ".*example[.]org"},
        {"channel": "retargeting", "campaign": "rt_.*"},
    ]
    config = Config.model_validate({"channels": {"rules": rules}})
    text = (
        "user_id,ts,source,medium,campaign,referrer\n"
        "u,2026-01-05,google,CPC,My Brand,\nu,2026-01-05,google,cpc,generic,\nu,2026-01-05,x,y,RT_1,\n"
        "u,2026-01-05,x,y,a rt_1,\nu,2026-01-05,x,y,,https://blog.example.org/a\n"
    )
    assert conform(text, config=config).touchpoints["channel"].to_list() == [
        "brand search",
        "paid search",
        "retargeting",
        "unassigned",
        "from us",
    ]


def test_the_default_rules_can_be_left_out():
    own = ChannelRule(channel="x", source="y")
    assert rules_in_force(ChannelsConfig(rules=(own,), default_rules=False)) == (own,)
    assert rules_in_force(ChannelsConfig(rules=(own,))) == (own, *DEFAULT_RULES)


def test_a_rule_without_conditions_takes_what_is_left(conform):
    config = Config.model_validate({"channels": {"rules": [{"channel": "all"}]}})
    assert conform("user_id,ts,source\nu,2026-01-05,x\n", config=config).touchpoints["channel"].item() == "all"


def test_a_pattern_that_is_no_regular_expression_is_named():
    with pytest.raises(ConfigError, match=r"channels\.rules\.1\.campaign: '\(' is no regular expression"):
        rules_in_force(ChannelsConfig(rules=(ChannelRule(channel="a"), ChannelRule(channel="b", campaign="("))))


def test_a_row_that_has_a_channel_keeps_it_and_others_are_judged(conform):
    text = "user_id,ts,channel,source,medium\nu,2026-01-05, My Channel ,google,cpc\nu,2026-01-05,,google,cpc\nu,2026-01-05,,,\n"
    assert conform(text).touchpoints["channel"].to_list() == ["My Channel", "paid search", "direct"]


def test_many_distinct_values_are_judged_as_few_are(conform):
    header, rows = (
        "user_id,ts,source,medium,campaign\n",
        [f"u,2026-01-05,s{i},{('cpc', 'email', 'zzz')[i % 3]},c{i}\n" for i in range(9_000)],
    )
    assert conform(header + "".join(rows)).touchpoints["channel"].to_list() == ["paid other", "email", "unassigned"] * 3_000
