"""The channels of the default world: where their visits come from, how often, at what price, and what each truly brings. Data only.

Shares, prices and lifts are made up, in the proportions of a mid-sized shop; no company's figures. The source, medium and campaign of each
are such that the published GA4 default channel group gives the channel's own name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One source and medium of a channel, with the page that led here where a browser would send one."""

    source: str
    medium: str
    referrer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a channel's rows carry, in any world.

    click_cost: mean price of a click in the world's currency; 0 for an unpaid channel, which has no spend.
    view_share: share of its touches that are views rather than clicks; unpaid channels have visits only.
    """

    name: str
    origins: tuple[Origin, ...]
    campaigns: tuple[str, ...] = ()
    click_cost: float = 0.0
    view_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Listing):
    """One channel of the sample shop and its ground truth.

    opens, follows: weight of the channel among the first and among the later touches of a mission.
    keen: factor on both weights when the user is about to buy anyway: the confounding that models have to see through.
    lift: probability that one touch brings a purchase, for a user of average intent; 0 to 1.
    """

    opens: float
    follows: float
    keen: float = 1.0
    lift: float


def _from(*pairs: str) -> tuple[Origin, ...]:
    """Origins of 'source / medium' pairs."""
    return tuple(Origin(source=source, medium=medium) for source, medium in (pair.split(" / ") for pair in pairs))


def _linked(medium: str, **pages: str) -> tuple[Origin, ...]:
    """Origins that a browser names: source -> referring page."""
    return tuple(Origin(source=source, medium=medium, referrer=page) for source, page in pages.items())


CHANNELS = (
    Channel(name="direct", origins=_from("(direct) / (none)"), opens=12, follows=30, keen=1.5, lift=0.004),
    Channel(
        name="organic search",
        origins=_linked("organic", google="https://www.google.com/", bing="https://www.bing.com/", duckduckgo="https://duckduckgo.com/"),
        opens=20,
        follows=12,
        keen=1.1,
        lift=0.007,
    ),
    Channel(
        name="paid search",
        origins=_from("google / cpc", "bing / cpc"),
        campaigns=("brand", "generic", "competitors"),
        opens=16,
        follows=10,
        keen=1.4,
        lift=0.012,
        click_cost=0.85,
    ),
    Channel(
        name="paid social",
        origins=_from("facebook / paid_social", "instagram / paid_social", "tiktok / paid_social"),
        campaigns=("prospecting", "retargeting", "lookalike"),
        opens=14,
        follows=9,
        keen=0.8,
        lift=0.006,
        click_cost=0.55,
        view_share=0.5,
    ),
    Channel(
        name="display",
        origins=_from("dv360 / display", "criteo / display"),
        campaigns=("awareness", "retargeting"),
        opens=12,
        follows=8,
        keen=0.6,
        lift=0.002,
        click_cost=0.30,
        view_share=0.8,
    ),
    Channel(
        name="email",
        origins=_from("newsletter / email", "crm / email"),
        campaigns=("welcome", "weekly", "winback"),
        opens=3,
        follows=9,
        keen=1.3,
        lift=0.014,
        click_cost=0.02,
    ),
    Channel(
        name="referral",
        origins=_linked("referral", **{"blog.example.com": "https://blog.example.com/", "press.example.org": "https://press.example.org/"}),
        opens=5,
        follows=3,
        lift=0.006,
    ),
    Channel(
        name="organic social",
        origins=_linked("social", facebook="https://www.facebook.com/", instagram="https://www.instagram.com/"),
        opens=5,
        follows=3,
        keen=0.9,
        lift=0.003,
    ),
    Channel(
        name="affiliates",
        origins=_from("awin / affiliate", "cj / affiliate"),
        campaigns=("coupons", "reviews"),
        opens=3,
        follows=3,
        keen=1.5,
        lift=0.011,
        click_cost=0.60,
    ),
    Channel(
        name="paid shopping",
        origins=_from("google / cpc", "bing / cpc"),
        campaigns=("shopping-all", "shopping-bestsellers"),
        opens=3,
        follows=3,
        keen=1.4,
        lift=0.012,
        click_cost=0.65,
    ),
    Channel(
        name="paid video",
        origins=_from("youtube / cpv"),
        campaigns=("launch", "how-to"),
        opens=3,
        follows=2,
        keen=0.6,
        lift=0.003,
        click_cost=0.20,
        view_share=0.85,
    ),
    Channel(
        name="cross-network",
        origins=_from("google / cpc"),
        campaigns=("cross-network-max",),
        opens=2,
        follows=2,
        lift=0.006,
        click_cost=0.45,
        view_share=0.3,
    ),
    Channel(
        name="organic video",
        origins=_linked("referral", youtube="https://www.youtube.com/", vimeo="https://vimeo.com/"),
        opens=1,
        follows=0.6,
        keen=0.8,
        lift=0.002,
    ),
    Channel(
        name="sms",
        origins=_from("klaviyo / sms"),
        campaigns=("cart-reminder", "flash-sale"),
        opens=0.4,
        follows=1.2,
        keen=1.3,
        lift=0.012,
        click_cost=0.04,
    ),
    Channel(
        name="mobile push",
        origins=_from("app / push"),
        campaigns=("back-in-stock", "price-drop"),
        opens=0.3,
        follows=1.5,
        keen=1.2,
        lift=0.008,
        click_cost=0.01,
    ),
    Channel(
        name="audio",
        origins=_from("spotify / audio"),
        campaigns=("podcast",),
        opens=0.8,
        follows=0.3,
        keen=0.6,
        lift=0.002,
        click_cost=0.25,
        view_share=0.95,
    ),
)
