"""Worlds and their channels as Markdown, for the generated parts of the docs. Pure; writes no file."""

from collections.abc import Sequence

from mta_assets.contracts.describe import markdown_table
from mta_assets.simulation.causes import Cause
from mta_assets.simulation.worlds import WORLDS


def worlds() -> str:
    """One row per world."""
    return markdown_table(("world", "what holds in it"), [(f"`{name}`", what) for name, (what, _) in WORLDS.items()])


def causes(channels: Sequence[Cause]) -> str:
    """One row per channel: whom it reaches, and what a touch of it does."""
    head = (
        "channel",
        "role",
        "follows intent",
        "follows hidden propensity",
        "persuasion of a touch",
        "left after a day",
        "wakes a need",
        "displaced",
    )
    rows = [
        (
            channel.name,
            channel.role,
            "yes" if channel.intent + channel.late + channel.closing > 0 else "no",
            f"{channel.likeness:.0%}",
            f"{channel.lift:g}",
            f"{channel.stays:.0%}",
            f"{channel.spark:.1%}",
            f"{channel.displaced:.0%}",
        )
        for channel in channels
    ]
    return markdown_table(head, rows)
