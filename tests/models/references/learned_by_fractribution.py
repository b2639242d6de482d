"""Writes `learned_by_fractribution.json`: Google's fractribution on a seeded random path table.

It is no package: clone github.com/google/fractribution at commit 21f8195 and, in an environment with google-cloud-bigquery, run
PYTHONPATH=<clone>/py python tests/models/references/learned_by_fractribution.py
"""

import json
import random
from collections import Counter
from pathlib import Path

from fractribution import Fractribution

CHANNELS = ("Direct", "Display", "Email", "Organic Search")


def path_table() -> list[dict]:
    """Few channels and short paths, so that most paths also occur without one of their touches; some convert worse than those, some never."""
    draw = random.Random(20240720)  # noqa: S311  a seeded sample, no secret
    paths = sorted({tuple(draw.choices(CHANNELS, weights=(4, 2, 1, 3), k=draw.choice((1, 2, 2, 3, 3, 4)))) for _ in range(150)})
    shown = Counter({path: draw.randint(1, 40) for path in paths})
    won = {path: draw.choice((0, 1, shown[path] // 3, shown[path] // 8)) for path in paths}
    return [
        {"path": path, "conversions": won[path], "nulls": shown[path] - won[path], "value": round(won[path] * draw.uniform(5, 90), 2)}
        for path in paths
    ]


def main() -> None:
    rows = path_table()
    model = Fractribution([(" > ".join(row["path"]), row["conversions"], row["nulls"], row["value"]) for row in rows])
    model.run_shapley_attribution()
    everything = model._path_tuple_to_summary
    table = {
        "source": "github.com/google/fractribution at 21f8195, run_shapley_attribution, by learned_by_fractribution.py",
        "paths": rows,
        "conversions": model._get_channel_to_attribution(),
        "value": model._get_channel_to_revenue(),
        "weights": {" > ".join(path): summary.channel_to_attribution for path, summary in everything.items() if summary.conversions},
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
