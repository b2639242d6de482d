"""Writes `learned_by_do_attribution.json`: removal effects of orders 1 to 3 as do-attribution 0.0.2 computes them on the journeys of `learned_by_mam.json`.

Run in an environment of its own: pip install do-attribution==0.0.2, then python tests/models/references/learned_by_do_attribution.py
"""

import json
from importlib.metadata import version
from pathlib import Path

from do_attribution import MarkovAttribution


def removal_effects(rows: list[dict], order: int) -> dict[str, float]:
    model = MarkovAttribution(order=order, removal_strategy="redirect_to_null")
    fit = model.fit([" > ".join(row["path"]) for row in rows], [int(row["converted"]) for row in rows])
    return {channel: float(effect) for channel, effect in sorted(fit["removal_effects"].items())}


def main() -> None:
    here = Path(__file__)
    rows = json.loads(here.with_name("learned_by_mam.json").read_text())["journeys"]
    table = {
        "source": f"do-attribution {version('do-attribution')}, removal_strategy='redirect_to_null', by learned_by_do_attribution.py",
        "removal_effects": {str(order): removal_effects(rows, order) for order in (1, 2, 3)},
    }
    here.with_suffix(".json").write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
