"""The page on worlds shows code that works."""

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "worlds.md"


def test_the_shown_code_runs_and_gives_the_named_columns():
    source = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names = {}
    exec(source, names)  # noqa: S102  it is our own page
    world = names["world"]
    columns = {f"{name}: {', '.join(getattr(world, name).columns)}" for name in ("touchpoints", "spend", "experiments")}
    shown = {line.partition("world.")[2].replace("  # ", ": ").split(": as ")[0].split(": what")[0] for line in source.splitlines()}
    assert columns <= shown
