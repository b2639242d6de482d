"""Files of a lake damaged as a disk does it: a bit flipped, cut short, zeroed, gone."""

import random
from collections.abc import Sequence
from pathlib import Path

WAYS = ("a bit flipped", "cut short", "zeroed", "gone")


def damage(path: Path, how: str, rng: random.Random) -> None:
    """Damage one file in one of the ways."""
    content = bytearray(path.read_bytes())
    if how == "cut short":
        path.write_bytes(content[: rng.randrange(len(content))])
    elif how == "zeroed":
        path.write_bytes(bytes(len(content)))
    elif how == "gone":
        path.unlink()
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)


def damaged_one(folder: Path, files: Sequence[str], how: str, rng: random.Random) -> str:
    """Damage one of the files below the folder; which."""
    file = rng.choice(sorted(files))
    damage(folder / file, how, rng)
    return file
