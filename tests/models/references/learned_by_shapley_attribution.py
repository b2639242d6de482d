"""Writes `learned_by_shapley_attribution.json`: simplified Shapley credit as shapley-attribution 2.1.0 computes it on the journeys of `learned_by_mam.json`.

Run in an environment of its own: pip install shapley-attribution==2.1.0 matplotlib, then python tests/models/references/learned_by_shapley_attribution.py
"""

import json
from importlib.metadata import version
from pathlib import Path

from shapley_attribution import SimplifiedShapleyAttribution


def main() -> None:
    here = Path(__file__)
    rows = json.loads(here.with_name("learned_by_mam.json").read_text())["journeys"]
    model = SimplifiedShapleyAttribution(normalize=False).fit([row["path"] for row in rows], [int(row["converted"]) for row in rows])
    table = {
        "source": f"shapley-attribution {version('shapley-attribution')}, SimplifiedShapleyAttribution, by learned_by_shapley_attribution.py",
        "credit": {str(channel): float(credit) for channel, credit in model.get_attribution().items()},
    }
    here.with_suffix(".json").write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
