"""`mta up`: the Dagster UI, its daemon, the API and the watch for alerts as child processes on the same lake, and their orderly end. No Dagster here."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import click

from mta_assets.cli.home import prepared_home, prepared_storage
from mta_assets.cli.output import say
from mta_assets.config import load_config
from mta_assets.errors import MtaError
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake
from mta_assets.settings import ApiSettings, Settings

DIED = 1  # exit code
HOST = "127.0.0.1"
SECONDS_TO_START, SECONDS_TO_STOP, SECONDS_BETWEEN_LOOKS = 120, 15, 0.25


@click.command(name="up")
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the UI. [default: MTA_UI_PORT or 3000]")
@click.option(
    "--host", default=HOST, show_default=True, help="The address the UI listens on; 0.0.0.0 lets other machines in, without a password."
)
@click.option("--api-port", type=click.IntRange(1, 65535), help="The port of the API. [default: MTA_API_PORT or 8000]")
@click.pass_context
def command(ctx: click.Context, port: int | None, host: str, api_port: int | None) -> None:
    """Start the Dagster UI, its daemon, the API and the watch for alerts on the lake; Ctrl-C stops them all.

    Files put into the landing folder are then taken in by themselves, and what clients send to the API is analysed. Dagster keeps its
    runs under DAGSTER_HOME (default: dagster_home in this folder).

    \b
    Exit codes: 0 stopped with Ctrl-C, 1 one of them died (its output says why; the others were stopped), 2 they cannot start.
    """  # noqa: D301  click's own mark for lines that stay as they are
    settings, api = Settings(), ApiSettings()
    if find_spec("dagster_webserver") is None:
        raise MtaError("The Dagster UI is not installed. Install it with: pip install 'mta-assets[ui]'")
    ui = Address(name="Dagster UI", host=host, port=port or settings.ui_port, remedy="--port or MTA_UI_PORT")
    served = Address(name="API", host=api.host, port=api_port or api.port, remedy="--api-port or MTA_API_PORT")
    addresses = (ui, served)
    for address in addresses:
        if address.answers():
            raise MtaError(
                f"Port {address.port} is taken. Stop what runs there, or choose another for the {address.name} with {address.remedy}."
            )
    home = _prepare(settings)
    environment = os.environ | {"DAGSTER_HOME": str(home), "MTA_API_PORT": str(served.port)}
    processes = {name: _started(arguments, environment) for name, arguments in _commands(ui.host, ui.port).items()}
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores SIGINT unless told otherwise
        signal.signal(number, _as_interrupt)
    try:
        _announce(processes, addresses, settings, home)
        dead = _first_to_die(processes)
    except KeyboardInterrupt:
        dead = None
    finally:
        _stop(list(processes.values()))
    if dead:
        click.echo(
            f"The {dead} ended with exit code {processes[dead].returncode}; everything is stopped. Its output above says why.", err=True
        )
        ctx.exit(DIED)
    say("Stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one of the servers is to listen. remedy: how another port is chosen."""

    name: str
    host: str
    port: int
    remedy: str

    @property
    def url(self) -> str:
        """As a person on this machine types it."""
        return f"http://{'localhost' if self.host in {HOST, '0.0.0.0'} else self.host}:{self.port}"  # noqa: S104  compared with, not bound to

    def answers(self) -> bool:
        """Whether something listens there."""
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False


def _commands(host: str, port: int) -> Mapping[str, Sequence[str]]:
    """What to run, with the address of the UI. The workspace file when this folder has one, else the installed package."""
    where = ("-w", "workspace.yaml") if Path("workspace.yaml").exists() else ("-m", "mta_assets.definitions")
    return {
        "Dagster UI": (sys.executable, "-m", "dagster_webserver", "-h", host, "-p", str(port), *where),
        "Dagster daemon": (sys.executable, "-m", "dagster._daemon", "run", *where),
        "API": (sys.executable, "-m", "api"),
        "watch for alerts": (sys.executable, "-m", "mta_assets.cli", "alerts", "watch"),
    }


def _prepare(settings: Settings) -> Path:
    """What the processes expect to find: every table, the landing folder, Dagster's home. Returns the last."""
    open_lake(settings.lake, build_models(load_config(settings.config).models))
    home = prepared_home(settings)
    settings.landing.mkdir(parents=True, exist_ok=True)
    prepared_storage(home)
    return home


def _started(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The process in a session of its own, so that Ctrl-C reaches it only through us, in order."""
    return subprocess.Popen(arguments, env=environment, start_new_session=True)  # noqa: S603  our own interpreter and arguments


def _announce(processes: Mapping[str, subprocess.Popen[bytes]], addresses: Sequence[Address], settings: Settings, home: Path) -> None:
    """Say the addresses as soon as all of them answer."""
    say(f"Starting the Dagster UI, its daemon and the API (about 20 s) on the lake {settings.lake} ...")
    deadline = time.monotonic() + SECONDS_TO_START
    silent = list(addresses)
    while silent and time.monotonic() < deadline and not _dead(processes):
        silent = [address for address in silent if not address.answers()]
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if _dead(processes):
        return
    for address in addresses:
        late = "  (it does not answer yet; its output above may say why)" if address in silent else ""
        say(f"  {address.name:<15} {address.url}{late}")
    say(f"  landing folder  {settings.landing}  (put files here)")
    say(f"  Dagster's home  {home}")
    say("\nCtrl-C stops them all.")


def _first_to_die(processes: Mapping[str, subprocess.Popen[bytes]]) -> str:
    while not (dead := _dead(processes)):
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return dead


def _dead(processes: Mapping[str, subprocess.Popen[bytes]]) -> str:
    return next((name for name, process in processes.items() if process.poll() is not None), "")


def _stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End them and what they started: asked first, forced after a while."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in processes:
        _signal_all(process, signal.SIGINT)
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        _signal_all(process, signal.SIGKILL)
        process.wait()


def _signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send the signal to the process and its children: the session that it leads."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
