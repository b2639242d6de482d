"""`python benchmarks/increments.py FOLDER`: what it takes to estimate what 3 M touches of a world of known truth added. FOLDER is not read."""

from stages import Stages

from mta_assets.models.registry import MODELS
from mta_assets.scorecard.credit import credited
from mta_assets.simulation.known import simulate_world

USERS = 200_000  # 3 M touches of the default world


def main() -> None:
    world = simulate_world("default", users=USERS)
    stages = Stages()
    with stages("journeys and increments"):
        found = credited(world, {"incremental": MODELS["incremental"]})
    stages.report(touches=world.touchpoints.height, channels=found.credit.height)


if __name__ == "__main__":
    main()
