"""The two pictures of docs/truth.md, from the simulator: measures two worlds, writes the numbers to docs/pictures/truth.json and draws them.

Equal code gives equal bytes. `draw` makes the pictures of numbers alone, so that a test can hold them to each other without living a world.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from mta_assets.analysis.attribute import attribute
from mta_assets.analysis.bands import bands
from mta_assets.analysis.inputs import Inputs, closed_journeys
from mta_assets.config import Config
from mta_assets.contracts.tables import QUARANTINE, UNCONSENTED
from mta_assets.models.registry import MODELS
from mta_assets.simulation.known import Simulated, simulate_world

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
NUMBERS = FOLDER / "truth.json"
USERS, SEED = 20_000, 11
DAYS_AHEAD = 7
SHOWN = "shapley"

WIDTH, LEFT, RIGHT, ROW = 760, 130, 30, 30
STYLE = """<style>
text{font:14px system-ui,sans-serif;fill:#1f2328}.small{font-size:12px;fill:#59636e}.title{font-weight:600}
.card{fill:#fff;stroke:#d1d9e0}.grid{stroke:#d1d9e0}.truth{fill:#8c959f}.after{fill:#0969da}.line{stroke:#0969da;stroke-width:2}
.dot{fill:#0969da}.band{stroke:#0969da;stroke-width:7;stroke-opacity:.35}.base{stroke:#bc4c00;stroke-width:2}.basetext{fill:#bc4c00}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.card{fill:#0d1117;stroke:#3d444d}.grid{stroke:#3d444d}
.truth{fill:#656c76}.after,.dot{fill:#4493f8}.line,.band{stroke:#4493f8}.base{stroke:#f0883e}.basetext{fill:#f0883e}}
</style>"""


def measured() -> dict[str, Any]:
    """What the pictures show."""
    return _rounded({"users": USERS, "seed": SEED, "days_ahead": DAYS_AHEAD, "preceding": preceding(), "credited": credited()})


def _rounded(numbers: Any) -> Any:
    """To what a picture can show, so that the last bit of a sum changes nothing."""
    if isinstance(numbers, dict):
        return {name: _rounded(number) for name, number in numbers.items()}
    return round(numbers, 4) if isinstance(numbers, float) else numbers


def preceding() -> dict[str, Any]:
    """Share of touches, by channel, that a purchase of their user follows within some days, in a world where no touch has an effect; and of any moment."""
    world = simulate_world("pure-noise", users=USERS, seed=SEED)
    last = world.touchpoints["ts"].max() - pl.duration(days=DAYS_AHEAD)  # type: ignore[operator]  what follows must lie within the world
    bought = world.conversions.select("user", "ts", bought="ts").sort("ts")
    touches = (
        world.touchpoints.filter(pl.col("ts") < last)
        .sort("ts")
        .join_asof(bought, on="ts", by="user", strategy="forward", check_sortedness=False)
    )
    followed = (pl.col("bought") - pl.col("ts") <= pl.duration(days=DAYS_AHEAD)).fill_null(value=False)
    paid = touches.filter(pl.col("channel").is_in(list(world.world.paid)))
    after = paid.group_by("channel").agg(followed.mean().alias("share")).sort("share", "channel", descending=[True, False])
    return {"any_moment": _any_moment(world), "after_a_touch": dict(after.iter_rows())}


def _any_moment(world: Simulated) -> float:
    """Share of users and midnights after which the user buys within the days."""
    first = world.world.first_day
    day = (world.conversions["ts"].dt.date() - first).dt.total_days().to_numpy()
    codes = world.conversions["user"].rank("dense").cast(pl.Int64).to_numpy() - 1
    days = world.world.days - DAYS_AHEAD
    hit = np.zeros((codes.max() + 1, days), dtype=bool)
    for ahead in range(DAYS_AHEAD):
        within = (day - ahead >= 0) & (day - ahead < days)
        hit[codes[within], day[within] - ahead] = True
    return float(hit.sum() / (world.world.users * days))


def credited() -> dict[str, Any]:
    """By paid channel the share of purchases that it caused, and what models credit: the least, the most, and one of them with its band."""
    world = simulate_world("default", users=USERS, seed=SEED)
    config = Config(currency=world.world.currency)
    models = {name: model for name, model in MODELS.items() if model.additive and not model.needs_milestones}
    inputs = Inputs(
        rows={"touchpoints": world.touchpoints, "conversions": world.conversions},
        unconsented=UNCONSENTED.empty(),
        rejected=QUARANTINE.empty(),
        rows_read=world.touchpoints.height + world.conversions.height,
        duplicates=0,
    )
    journeys = closed_journeys(inputs, config, ("channel",), users=True)
    shares = bands(journeys, models, attribute(journeys, models).results, config.band_level).filter(metric="share")
    truth = world.truth
    true = truth.paid.sort("incremental_conversions", descending=True).select(
        "channel", pl.col("incremental_conversions") / truth.conversions
    )
    return {channel: {"true": share} | _said(shares.filter(channel=channel)) for channel, share in true.iter_rows()}


def _said(shares: pl.DataFrame) -> dict[str, float]:
    shown = shares.filter(model=SHOWN).row(0, named=True)
    return {
        "least": shares["estimate"].min(),
        "most": shares["estimate"].max(),
        "shown": shown["estimate"],
        "low": shown["low"],
        "high": shown["high"],
    }


def draw(numbers: Mapping[str, Any]) -> dict[str, str]:
    """File name -> picture, of what `measured` gives."""
    return {"preceding.svg": _preceding(numbers), "credited.svg": _credited(numbers)}


def _preceding(numbers: Mapping[str, Any]) -> str:
    after, base = numbers["preceding"]["after_a_touch"], numbers["preceding"]["any_moment"]
    most = max(after.values()) * 1.1
    bars = [
        _label(row, channel) + f'<rect class="after" x="{LEFT}" y="{_top(row)}" width="{_x(share, most) - LEFT:.1f}" height="16" rx="2"/>'
        f'<text class="small" x="{_x(share, most) + 6:.1f}" y="{_top(row) + 13}">{share:.1%}</text>'
        for row, (channel, share) in enumerate(after.items())
    ]
    x, end = _x(base, most), _top(len(after))
    line = f'<line class="base" x1="{x:.1f}" x2="{x:.1f}" y1="{_top(0) - 8}" y2="{end}"/>'
    told = f'<text class="small basetext" x="{x + 6:.1f}" y="{end + 12}">after any moment: {base:.1%}</text>'
    title = f"Bought within {numbers['days_ahead']} days after a touch, where touches change nothing"
    return _card(
        title,
        [*bars, line, told],
        len(after),
        "Simulated world pure-noise: every true effect is zero. Ads follow people who are about to buy.",
    )


def _credited(numbers: Mapping[str, Any]) -> str:
    rows: Mapping[str, Mapping[str, float]] = numbers["credited"]
    most = max(row["most"] for row in rows.values()) * 1.05
    shapes = [_label(row, channel) + _claims(row, said, most) for row, (channel, said) in enumerate(rows.items())]
    bottom = _top(len(rows))
    ticks = [
        f'<text class="small" text-anchor="middle" x="{_x(share, most):.1f}" y="{bottom + 12}">{share:.0%}</text>'
        for share in np.arange(0, most, 0.05).tolist()
    ]
    note = f"Bar: caused. Line: from the model that gives least to the one that gives most. Dot: {SHOWN}; shaded: its 90 % band."
    return _card("Share of all purchases that a channel caused, and that models credit to it", [*shapes, *ticks], len(rows), note)


def _claims(row: int, said: Mapping[str, float], most: float) -> str:
    middle = _top(row) + 8
    true, least, highest, shown, low, high = (_x(said[name], most) for name in ("true", "least", "most", "shown", "low", "high"))
    return (
        f'<rect class="truth" x="{LEFT}" y="{_top(row)}" width="{max(true - LEFT, 0):.1f}" height="16" rx="2"/>'
        f'<line class="line" x1="{least:.1f}" x2="{highest:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<line class="band" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="dot" cx="{shown:.1f}" cy="{middle}" r="4"/>'
    )


def _card(title: str, shapes: Sequence[str], rows: int, note: str) -> str:
    height = _top(rows) + 48
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
            f"<title>{title}</title>",
            STYLE,
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
            f'<text class="title" x="16" y="26">{title}</text>',
            f'<line class="grid" x1="{LEFT}" x2="{LEFT}" y1="{_top(0) - 8}" y2="{_top(rows)}"/>',
            *shapes,
            f'<text class="small" x="16" y="{height - 14}">{note}</text>',
            "</svg>\n",
        )
    )


def _label(row: int, channel: str) -> str:
    return f'<text text-anchor="end" x="{LEFT - 10}" y="{_top(row) + 13}">{channel}</text>'


def _top(row: int) -> int:
    return 52 + ROW * row


def _x(share: float, most: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * max(share, 0.0) / most


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    NUMBERS.write_bytes(orjson.dumps(measured(), option=orjson.OPT_INDENT_2) + b"\n")
    for name, picture in draw(orjson.loads(NUMBERS.read_bytes())).items():
        (FOLDER / name).write_text(picture, encoding="utf-8")
