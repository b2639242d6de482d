"""The workflow of GitHub fits its schema, is safe by its linter, and asks all that a change must pass."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.containers import TOP

TEXT = (TOP / ".github/workflows/ci.yml").read_text()
JOBS = yaml.safe_load(TEXT)["jobs"]
SCHEMAS = Path(find_spec("check_jsonschema").origin).parent / "builtin_schemas" / "vendor"


@pytest.mark.parametrize(("file", "schema"), [("workflows/ci.yml", "github-workflows"), ("dependabot.yml", "dependabot")])
def test_it_fits_the_schema(file, schema):
    rules = json.loads((SCHEMAS / f"{schema}.json").read_text())
    document = yaml.safe_load((TOP / ".github" / file).read_text())
    named = {"on" if key is True else key: value for key, value in document.items()}  # YAML 1.1 takes `on` for a truth value
    jsonschema.validators.validator_for(rules)(rules).validate(named)


def test_the_linter_finds_nothing_unsafe():
    found = subprocess.run(
        [Path(sys.executable).with_name("zizmor"), "--offline", "--pedantic", "--quiet", TOP / ".github"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_it_asks_for_every_supported_python():
    supported = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (TOP / "pyproject.toml").read_text())
    versions = [f"3.{minor}" for minor in range(int(supported[1]), int(supported[2]))]
    assert JOBS["test"]["strategy"]["matrix"]["python"] == versions


def test_it_builds_the_image_for_both_kinds_of_processor():
    assert {entry["platform"] for entry in JOBS["image"]["strategy"]["matrix"]["include"]} == {"linux/amd64", "linux/arm64"}


def test_it_runs_what_ci_on_one_machine_runs_and_only_what_make_knows():
    run = set(re.findall(r"run: make ([\w-]+)", TEXT))
    targets = set(re.findall(r"(?m)^([\w-]+):", (TOP / "Makefile").read_text()))
    assert {"check", "test", "audit", "load-smoke"} <= run <= targets
    assert set(re.findall(r"(?m)^make ([\w-]+)$", (TOP / ".ci/run").read_text())) <= run


def test_actions_are_pinned_to_a_commit_and_jobs_end_and_may_only_read():
    assert [use for use in re.findall(r"uses: (\S+)", TEXT) if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", use)] == []
    for job in JOBS.values():
        assert job["timeout-minutes"] <= 60
        assert job["permissions"] == {"contents": "read"}
