"""Writes `rules_by_mam.json`: rule models as marketing-attribution-models 2.1.1 computes them on seeded random journeys.

Run in an environment of its own: pip install marketing-attribution-models==2.1.1, then python tests/models/references/rules_by_mam.py
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

import polars as pl
from mam import MAM

CHANNELS = ("Affiliates", "Direct", "Display", "Email", "Organic Search", "Paid Social")
MODELS = {
    "first_touch": "run_first_click",
    "last_touch": "run_last_click",
    "linear": "run_linear",
    "position_based": "run_position_based",
    "time_decay": "run_time_decay",
}


def journeys() -> list[dict]:
    draw = random.Random(20240718)  # noqa: S311  a seeded sample, no secret
    rows = []
    for number in range(80):
        length = draw.choice((1, 1, 2, 2, 3, 4, 5, 8))
        converted = draw.random() < 0.6
        rows.append(
            {
                "journey_id": f"j{number}",
                "path": [draw.choice(CHANNELS) for _ in range(length)],
                "age_hours": sorted((round(draw.uniform(0, 700), 2) for _ in range(length)), reverse=True),
                "converted": converted,
                "value": round(draw.uniform(1, 500), 2) if converted else 0.0,
            }
        )
    return rows


def credit(rows: list[dict], value_column: str | None) -> dict[str, dict[str, float]]:
    frame = pl.DataFrame(rows).with_columns(
        path=pl.col("path").list.join(" > "), age_hours=pl.col("age_hours").cast(pl.List(pl.String)).list.join(" > ")
    )
    names = {"channels_colname": "path", "journey_with_conv_colname": "converted", "user_id_colname": "journey_id"}
    mam = MAM(frame, format_type="journey", time_till_conv_colname="age_hours", conversion_value_colname=value_column, **names)
    tables = {name: getattr(mam, method)().to_polars() for name, method in MODELS.items()}
    return {name: {row["channels"]: row["attribution"] for row in table.sort("channels").to_dicts()} for name, table in tables.items()}


def main() -> None:
    rows = journeys()
    table = {
        "source": f"marketing-attribution-models {version('marketing-attribution-models')}, written by rules_by_mam.py",
        "journeys": rows,
        "conversions": credit(rows, None),
        "value": credit(rows, "value"),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
