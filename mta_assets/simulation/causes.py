"""The channels of worlds whose truth is known: whom each reaches and when, and what a touch of it sets going. Data and its changes by world; no draws.

All numbers are made up. They are such that channels which meet people who would buy anyway look better than they are, as they do in practice: brand search,
affiliates and retargeting. Chances are per user and day.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from mta_assets.simulation.channels import Listing, Origin

Role = Literal["pushed", "pulled", "unpaid"]
ROLES: tuple[Role, ...] = get_args(Role)  # and the order in which a world's channels stand
RESPONSES = ("always", "intent", "late", "recent", "closing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause(Listing):
    """One channel: who is touched, and what follows from a touch.

    role: pushed to people (display ... retargeting), pulled by them (searches, affiliates), or unpaid.
    always, intent, late, recent, closing: chance of a touch: of anybody; times intent; times its square; times recent visits; times intent and recent visits.
    usual: the chance of anybody where touches come at random.
    audience: share of users in the channel's audience; reach: factor on the chance outside and inside it.
    likeness: correlation of belonging to the audience with the hidden propensity to buy.
    budget: how far the channel's budget follows demand, 0 not at all, 1 in proportion.
    lift: what a touch adds to persuasion; stays: share of that which is left after a day.
    spark: chance that a touch wakes a need, from which searches, visits and purchases come later.
    visit: share of touches that bring the user to the site, where retargeting picks them up.
    displaced: share of touches that would be an organic visit if the channel were off.
    """

    role: Role
    always: float = 0.0
    intent: float = 0.0
    late: float = 0.0
    recent: float = 0.0
    closing: float = 0.0
    usual: float = 0.0
    audience: float = 1.0
    reach: tuple[float, float] = (1.0, 1.0)
    likeness: float = 0.0
    budget: float = 0.0
    lift: float = 0.0
    stays: float = 0.0
    spark: float = 0.0
    visit: float = 1.0
    displaced: float = 0.0

    @property
    def touch_cost(self) -> float:
        """What a touch costs on average, those that are only seen included."""
        return (1 - self.view_share) * self.click_cost

    @property
    def paid(self) -> bool:
        """Whether it costs money; what has a true incremental effect is paid."""
        return self.role != "unpaid"


ORGANIC = "organic search"  # where the searches of a channel that is off go
CAUSES = (
    Cause(
        name="display",
        origins=(Origin(source="dv360", medium="display"), Origin(source="criteo", medium="display")),
        campaigns=("awareness", "lookalike"),
        click_cost=0.30,
        view_share=0.85,
        role="pushed",
        always=0.026,
        intent=0.03,
        usual=0.036,
        audience=0.3,
        reach=(0.5, 2.2),
        likeness=0.6,
        budget=0.5,
        lift=0.05,
        stays=0.80,
        spark=0.0006,
        visit=0.15,
    ),
    Cause(
        name="video",
        origins=(Origin(source="youtube", medium="cpv"),),
        campaigns=("launch", "how-to"),
        click_cost=2.50,
        view_share=0.92,
        role="pushed",
        always=0.017,
        usual=0.017,
        audience=0.4,
        reach=(0.6, 1.6),
        likeness=0.2,
        budget=0.3,
        lift=0.14,
        stays=0.90,
        spark=0.0060,
        visit=0.08,
    ),
    Cause(
        name="social",
        origins=(Origin(source="facebook", medium="paid_social"), Origin(source="instagram", medium="paid_social")),
        campaigns=("prospecting", "lookalike"),
        click_cost=0.50,
        view_share=0.6,
        role="pushed",
        always=0.020,
        intent=0.01,
        usual=0.024,
        audience=0.35,
        reach=(0.5, 2.0),
        likeness=0.5,
        budget=0.4,
        lift=0.16,
        stays=0.85,
        spark=0.0030,
        visit=0.4,
    ),
    Cause(
        name="mail",
        origins=(Origin(source="newsletter", medium="email"), Origin(source="crm", medium="email")),
        campaigns=("weekly", "winback"),
        click_cost=0.10,
        view_share=0.5,
        role="pushed",
        always=0.055,
        recent=0.05,
        usual=0.021,
        audience=0.35,
        reach=(0.0, 1.0),
        likeness=0.5,
        lift=0.22,
        stays=0.70,
        spark=0.0015,
        visit=0.5,
    ),
    Cause(
        name="retargeting",
        origins=(Origin(source="criteo", medium="retargeting"),),
        campaigns=("basket", "viewed"),
        click_cost=0.60,
        view_share=0.8,
        role="pushed",
        recent=0.06,
        closing=0.35,
        usual=0.016,
        lift=0.06,
        stays=0.60,
        visit=0.2,
    ),
    Cause(
        name="paid search",
        origins=(Origin(source="google", medium="cpc"), Origin(source="bing", medium="cpc")),
        campaigns=("generic", "competitors"),
        click_cost=0.85,
        role="pulled",
        always=0.0008,
        intent=0.10,
        usual=0.012,
        lift=1.0,
        stays=0.5,
        displaced=0.4,
    ),
    Cause(
        name="brand search",
        origins=(Origin(source="google", medium="cpc"),),
        campaigns=("brand",),
        click_cost=0.25,
        role="pulled",
        always=0.0004,
        intent=0.03,
        late=0.11,
        closing=0.13,
        usual=0.010,
        lift=0.10,
        stays=0.5,
        displaced=0.8,
    ),
    Cause(
        name="affiliate",
        origins=(Origin(source="awin", medium="affiliate"), Origin(source="cj", medium="affiliate")),
        campaigns=("coupons", "reviews"),
        click_cost=1.10,
        role="pulled",
        always=0.0002,
        late=0.07,
        closing=0.05,
        usual=0.006,
        lift=0.22,
        stays=0.5,
        displaced=0.3,
    ),
    Cause(
        name=ORGANIC,
        origins=(Origin(source="google", medium="organic", referrer="https://www.google.com/"),),
        role="unpaid",
        always=0.003,
        intent=0.11,
        recent=0.01,
    ),
    Cause(
        name="direct",
        origins=(Origin(source="(direct)", medium="(none)"),),
        role="unpaid",
        always=0.004,
        intent=0.03,
        late=0.05,
        recent=0.03,
        closing=0.08,
    ),
)


def without_hidden_targeting(cause: Cause) -> Cause:
    """Audiences that have nothing to do with propensity, and pushed touches that follow nothing that the data do not show."""
    if cause.role != "pushed":
        return cause
    seen = cause.recent + 0.12 * cause.closing
    return replace(cause, likeness=0.0, intent=0.0, late=0.0, closing=0.0, recent=seen, always=cause.always + 0.25 * cause.intent)


def without_upstream(cause: Cause) -> Cause:
    """A paid touch that leads to no other touch: it wakes no need, and retargeting does not pick it up."""
    return replace(cause, spark=0.0, visit=0.0, displaced=0.0) if cause.paid else cause


def at_random(cause: Cause) -> Cause:
    """A paid channel that touches anybody at any time, as often as usual."""
    if not cause.paid:
        return cause
    flat = replace(cause, always=cause.usual, intent=0.0, late=0.0, recent=0.0, closing=0.0)
    return replace(flat, audience=1.0, reach=(1.0, 1.0), likeness=0.0, budget=0.0, displaced=0.0)


def without_effect(cause: Cause) -> Cause:
    """A channel that touches whom it did, and changes nothing."""
    return replace(cause, lift=0.0, spark=0.0)


def heavier_retargeting(cause: Cause) -> Cause:
    """Retargeting that follows visitors about four times as much, above all those who are about to buy; each touch does less."""
    if cause.name != "retargeting":
        return cause
    return replace(cause, recent=0.15, closing=1.6, lift=0.04)
