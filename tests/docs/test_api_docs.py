"""Every block of the API's pages that can be run is run, in the order of the pages, as a reader would, against a real server."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mta_assets.state.signature import sign
from tests.api.live import live_server

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("api.md", "api-integration.md")
RUN = {
    "bash": lambda file: ["bash", "-euo", "pipefail", str(file)],
    "python": lambda file: [sys.executable, str(file)],
    "javascript": lambda file: ["node", str(file)],
}
SUFFIX = {"bash": ".sh", "python": ".py", "javascript": ".mjs"}
NEEDED = {"bash": ("curl", "jq"), "python": (), "javascript": ("node",)}
BLOCKS = [
    (page, language, code)
    for page in PAGES
    for language, code in re.findall(r"^```(bash|python|javascript)\n(.*?)^```", (DOCS / page).read_text(), re.S | re.M)
]
PEPPER = "p" * 32


@pytest.fixture(scope="module")
def reader(filled, tmp_path_factory):
    """Where a reader works: a folder, with the command and the key that the first block makes, and a server."""
    folder = tmp_path_factory.mktemp("docs")
    with live_server(folder, lake=filled, workers=1, threads=8) as url:
        at = {"MTA_STATE_URL": f"sqlite:///{folder}/state.db", "MTA_API_PEPPER": PEPPER, "MTA_LAKE": str(folder / "lake")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        run_in = folder / "work"
        run_in.mkdir()
        made = [
            sys.executable,
            "-m",
            "mta_assets.cli",
            "keys",
            "create",
            "--owner",
            "bi-team",
            "--name",
            "x",
            "--role",
            "analyst",
            "--json",
        ]
        done = subprocess.run(made, env=os.environ | at, capture_output=True, text=True, check=True)
        (run_in / "key.txt").write_text(re.search(r"mta_\w+_[\w-]+", done.stdout)[0])
        (run_in / "events.csv").write_text(
            "user_id,ts,channel,conversion,value\nu1,2026-03-01T10:00:00Z,email,0,\nu1,2026-03-02T10:00:00Z,search,1,1\n"
        )
        yield (
            lambda command, file: subprocess.run(
                command(file), cwd=run_in, env=os.environ | at | {"PATH": path}, capture_output=True, text=True, check=False
            ),
            url,
            run_in,
        )


@pytest.mark.parametrize(("page", "language", "code"), BLOCKS, ids=[f"{page}-{number}" for number, (page, _, _) in enumerate(BLOCKS)])
def test_a_block_of_the_docs_runs(reader, tmp_path, page, language, code):
    missing = [name for name in NEEDED[language] if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    run, url, _ = reader
    file = tmp_path / f"block{SUFFIX[language]}"
    file.write_text(code.replace("http://localhost:8000", url))
    done = run(RUN[language], file)
    assert done.returncode == 0, done.stdout + done.stderr
    if "It prints 1" in (DOCS / page).read_text().partition(code)[2][:40]:
        assert done.stdout.strip() == "1"


def test_both_pages_have_blocks_in_every_language():
    assert {language for _, language, _ in BLOCKS} == set(RUN)


def test_the_shown_check_of_a_signature_takes_ours_and_no_other():
    shown = {}
    exec(next(code for _, _, code in BLOCKS if "def is_ours" in code), shown)  # noqa: S102  our own docs
    now = int(time.time())
    signature = sign("whsec_x", now, b"{}")
    assert shown["is_ours"]("whsec_x", signature, b"{}")
    assert not shown["is_ours"]("whsec_x", signature, b"{ }")
    assert not shown["is_ours"]("whsec_y", signature, b"{}")
    assert not shown["is_ours"]("whsec_x", sign("whsec_x", now - 301, b"{}"), b"{}")
    assert not shown["is_ours"]("whsec_x", "nonsense", b"{}")


def test_links_between_the_pages_lead_somewhere():
    for page in DOCS.glob("api*.md"):
        for target in re.findall(r"\]\(([\w./-]+\.md)", page.read_text()):
            assert (DOCS / target).exists(), (page.name, target)
