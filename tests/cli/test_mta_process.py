"""Facts about `mta` as a process: what it imports, how it ends, what it leaves on the two streams."""

import os
import signal
import subprocess
import sys
import time

from mta_assets.cli import COMMANDS, Commands, mta

MTA = (sys.executable, "-m", "mta_assets.cli")
# Runs commands, separated by a comma, and then says on stderr how they ended and which modules were imported.
IMPORTED = """
import sys
from mta_assets.cli import mta
codes = []
for arguments in " ".join(sys.argv[1:]).split(" , "):
    try:
        mta(arguments.split())
    except SystemExit as end:
        codes.append(str(end.code))
print("IMPORTED", *codes, *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def shell(*arguments, **options):
    return subprocess.run([*MTA, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, **options)


def imported(*arguments):
    done = subprocess.run([sys.executable, "-c", IMPORTED, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    return done.stderr.rpartition("IMPORTED")[2].split()


def test_fast_commands_never_import_dagster_nor_the_lake(events):
    found = imported("models", ",", "attribute", events, ",", "validate", events)
    assert found[:3] == ["0", "0", "0"]
    assert "polars" in found
    assert not set(found) & {"dagster", "deltalake", "duckdb"}


def test_the_help_imports_nothing_heavy():
    code, *modules = imported("--help")
    assert code == "0"
    assert "mta_assets" in modules
    assert not set(modules) & {"dagster", "polars", "numpy", "pandera", "pyarrow", "pydantic", "rich"}


def test_every_command_says_in_its_own_help_what_the_list_says_of_it_and_gives_an_example_or_its_exit_codes():
    assert isinstance(mta, Commands)
    for name in COMMANDS:
        command = mta.get_command(None, name)
        assert command.name == name
        assert len((command.help or "").strip().splitlines()) > 2
        assert all(option.help for option in command.params if option.param_type_name == "option"), name


def test_a_wrong_command_is_met_with_the_nearest_right_one():
    done = shell("atribute", "x.csv")
    assert done.returncode == 2
    assert "Did you mean 'attribute'" in done.stderr


def test_an_error_of_the_user_is_one_message_on_stderr_and_exit_code_2(place):
    done = shell("attribute", "gone.csv")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: gone.csv")


def test_a_bug_keeps_its_traceback_and_has_an_exit_code_of_its_own():
    script = "from mta_assets import cli\ncli.mta = lambda prog_name: 1 / 0\ncli.main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr


def test_a_pipe_that_closes_early_ends_the_command_quietly(events):
    with subprocess.Popen([*MTA, "models", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert process.returncode == 141
    assert errors == ""


def test_ctrl_c_ends_the_command_with_130_and_no_traceback(place):
    command = [*MTA, "simulate", "big", "--touchpoints", "50000000", "--days", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not (place / "big").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "Stopped."
    assert "Traceback" not in errors


def test_output_that_is_no_terminal_has_no_colour_and_no_bars(events):
    done = shell("attribute", events, "--models", "linear", env={**os.environ, "PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr == ""
