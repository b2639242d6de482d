"""Writes `positions_by_shapley_attribution.json`: ordered Shapley as shapley-attribution 2.1.0 (MIT) computes it on seeded random converting journeys.

Run in an environment of its own: pip install shapley-attribution==2.1.0 matplotlib, then python tests/journeys/references/positions_by_shapley_attribution.py
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

from shapley_attribution.models.ordered import OrderedShapleyAttribution

CHANNELS = ("Affiliates", "Direct", "Display", "Email", "Organic Search")


def main() -> None:
    draw = random.Random(20240718)  # noqa: S311  a seeded sample, no secret
    paths = [[draw.choice(CHANNELS) for _ in range(draw.choice((1, 2, 3, 4, 7)))] for _ in range(60)]
    model = OrderedShapleyAttribution(normalize=False)
    model.fit(paths)
    table = {
        "source": f"shapley-attribution {version('shapley-attribution')}, written by positions_by_shapley_attribution.py",
        "paths": paths,
        "credit": {channel: list(scores) for channel, scores in sorted(model.position_attribution_.items())},
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
