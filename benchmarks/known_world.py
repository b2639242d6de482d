"""`python benchmarks/known_world.py FOLDER`: what 10 M touches of a world of known truth take, and the truth of 1 M of them. FOLDER is not read."""

from stages import Stages

from mta_assets.simulation.events import block_rows, blocks
from mta_assets.simulation.truth import truth
from mta_assets.simulation.worlds import known_world

USERS = 700_000  # 10 M touches of the default world
SHARE = 10  # the truth is computed for so many times fewer users


def main() -> None:
    stages = Stages()
    world = known_world("default", users=USERS)
    touches = 0
    with stages("touches and purchases"):
        for block in blocks(world):
            touches += len(block_rows(world, block).ts)
    with stages(f"truth of a {SHARE}th"):
        truth(known_world("default", users=USERS // SHARE))
    stages.report(touches=touches)


if __name__ == "__main__":
    main()
