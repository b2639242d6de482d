"""Writes `learned_by_mam.json`: first-order removal effects as marketing-attribution-models 2.1.1 computes them on seeded random journeys.

Run in an environment of its own: pip install marketing-attribution-models==2.1.1, then python tests/models/references/learned_by_mam.py
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

import polars as pl
from mam import MAM

CHANNELS = ("Affiliates", "Direct", "Display", "Email", "Organic Search", "Paid Social")


def journeys() -> list[dict]:
    draw = random.Random(20240719)  # noqa: S311  a seeded sample, no secret
    lengths = (1, 1, 2, 2, 3, 4, 5, 8)
    return [
        {"path": draw.choices(CHANNELS, weights=(1, 5, 3, 3, 5, 2), k=draw.choice(lengths)), "converted": draw.random() < 0.3}
        for _ in range(150)
    ]


def removal_effects(rows: list[dict]) -> dict[str, float]:
    frame = pl.DataFrame(
        {
            "path": [" > ".join(row["path"]) for row in rows],
            "age_hours": [" > ".join(str(age) for age in reversed(range(len(row["path"])))) for row in rows],
            "converted": [row["converted"] for row in rows],
            "journey_id": [f"j{i}" for i in range(len(rows))],
        }
    )
    names = {"channels_colname": "path", "journey_with_conv_colname": "converted", "user_id_colname": "journey_id"}
    mam = MAM(frame, format_type="journey", time_till_conv_colname="age_hours", **names)
    return mam.run_markov().metadata["removal_effect"]["removal_effect"].to_dict()


def main() -> None:
    rows = journeys()
    table = {
        "source": f"marketing-attribution-models {version('marketing-attribution-models')}, metadata['removal_effect'], by learned_by_mam.py",
        "journeys": rows,
        "removal_effects": removal_effects(rows),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
