"""The image is built as its linter likes it, from pinned parts, runs as nobody special, and has what the services look for."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from mta_assets.settings import Settings
from tests.containers import COMPOSE, IMAGE_FILES, TOP, image_environment

TEXT = (TOP / "deploy/Dockerfile").read_text()
BUILD, IMAGE = re.split(r"(?m)^FROM .*$", TEXT)[1:]


def test_the_linter_finds_nothing():
    found = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), TOP / "deploy/Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_what_it_is_made_from_is_pinned():
    sources = re.findall(r"(?m)^FROM (\S+)", TEXT) + re.findall(r"--from=(\S+:\S+)", TEXT)
    assert len(sources) == 3
    assert [source for source in sources if not re.search(r":\d+\.\d+\.\d+", source)] == []
    installs = re.findall(r"uv pip install.*", TEXT)
    assert all("-c constraints.txt" in install or "--no-deps" in install for install in installs)


def test_it_runs_as_the_user_of_the_compose_file_on_another_stage_than_it_was_built_in():
    user = yaml.safe_load(COMPOSE.read_text())["x-mta"]["user"]
    assert re.findall(r"(?m)^USER (.+)$", IMAGE) == [user]
    assert "uv " not in IMAGE
    assert "COPY --from=build /opt/venv /opt/venv" in IMAGE


def test_it_has_the_files_that_the_services_read():
    copied = {target: source for source, target in re.findall(r"(?m)^COPY (?!--)(\S+) (\S+)$", IMAGE)}
    assert copied == {target: str(path.relative_to(TOP)) for target, path in IMAGE_FILES.items()}


def test_its_variables_are_ours_and_every_volume_is_mounted_where_it_makes_a_folder_for_its_user():
    assert {name for name in image_environment() if name.startswith("MTA_")} <= {f"MTA_{field}".upper() for field in Settings.model_fields}
    folders = re.search(r"install --directory --owner=mta --group=mta ((?:.*\\\n)*.*)", IMAGE)[1].replace("\\\n", " ").split()
    ours = [service for service in yaml.safe_load(COMPOSE.read_text())["services"].values() if "build" in service]
    mounted = {mount.split(":")[1] for service in ours for mount in service.get("volumes", []) if not mount.startswith("./")}
    assert mounted <= set(folders)


def test_the_context_has_what_is_copied_and_no_secret():
    kept = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = {part for line in re.findall(r"(?m)^COPY (?!--)(.+) \S+$", TEXT) for part in line.split()}
    assert [source for source in sources if not any(source == path or source.startswith(f"{path}/") for path in kept)] == []
    assert not any("secrets" in path for path in kept)


def test_a_link_within_what_is_copied_leads_to_what_is_copied_before_it():
    order = re.findall(r"(?m)^COPY (?!--)(\S+) ", BUILD)
    links = [path for folder in ("mta_assets", "api") for path in (TOP / folder).rglob("*") if path.is_symlink()]
    for link in links:
        target = str(link.resolve().relative_to(TOP))
        assert order.index(target) < order.index(str(link.relative_to(TOP).parts[0]))


def test_its_extras_are_the_package_s():
    extras = re.search(r"'\.\[([\w,]+)\]'", BUILD)[1].split(",")
    assert set(extras) <= set(tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    assert {"ui", "postgres", "kubernetes"} <= set(extras)
