"""Files that several processes write to and rotate."""

import subprocess
import sys

from mta_assets.telemetry.sinks import RotatedFile

WRITER = """
import sys
from pathlib import Path
from mta_assets.telemetry.sinks import RotatedFile
file = RotatedFile(Path(sys.argv[1]), most_bytes=20_000, keep=50)
for number in range(2_000):
    file.write(f"{sys.argv[2]} {number} {'x' * 50}\\n".encode())
"""


def test_processes_that_write_at_once_lose_no_line_and_mix_none_while_the_file_is_rotated(tmp_path):
    path = tmp_path / "application.log"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, str(n)]) for n in range(3)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    files = sorted(tmp_path.glob("application.log*"))
    assert len(files) > 10
    lines = [line.split() for file in files for line in file.read_text().splitlines()]
    assert sorted((int(n), int(number)) for n, number, _ in lines) == [(n, number) for n in range(3) for number in range(2_000)]
    assert all(text == "x" * 50 for _, _, text in lines)
    assert max(file.stat().st_size for file in files) < 21_000


def test_the_oldest_file_goes_when_there_are_too_many(tmp_path):
    file = RotatedFile(tmp_path / "a.log", most_bytes=10, keep=2)
    for number in range(5):
        file.write(f"line {number:5}\n".encode())
    file.close()
    assert sorted((path.name, path.read_text().split()[1]) for path in tmp_path.glob("a.log*")) == [
        ("a.log", "4"),
        ("a.log.1", "3"),
        ("a.log.2", "2"),
    ]


def test_a_file_that_somebody_moved_away_is_begun_anew(tmp_path):
    file = RotatedFile(tmp_path / "a.log", most_bytes=1_000, keep=2)
    file.write(b"before\n")
    (tmp_path / "a.log").rename(tmp_path / "elsewhere")
    file.write(b"after\n")
    file.close()
    assert ((tmp_path / "elsewhere").read_bytes(), (tmp_path / "a.log").read_bytes()) == (b"before\n", b"after\n")
