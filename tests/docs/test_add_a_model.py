"""The page on adding a model shows code that works: written to a file and added to the registry, it is a model like any other."""

import importlib.util
from pathlib import Path

import pytest

from mta_assets.models.credit import totals
from mta_assets.models.describe import section

PAGE = Path(__file__).parents[2] / "docs" / "add-a-model.md"


def test_the_shown_model_gives_the_credit_that_its_example_says(tmp_path):
    source = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    file = tmp_path / "crescendo.py"
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("crescendo", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Crescendo()
    touches = model.example.touches()
    earned = totals(model.allocate(touches), touches)
    assert dict(zip(touches.units, earned.conversions, strict=True)) == pytest.approx(dict(model.example.credit))
    assert section("crescendo", model).startswith("### crescendo")
