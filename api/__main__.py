"""`python -m api`: the server, until it is told to stop. `python -m api --check`: whether it could start."""

import subprocess
import sys

from api.server import Server
from api.services import make_services
from mta_assets.errors import MtaError
from mta_assets.settings import ApiSettings, LogSettings, Settings
from mta_assets.telemetry.setup import write_logs

CHECK = "--check"
INTERRUPTED = 130  # exit code of what Ctrl-C ended, as shells have it


def main() -> None:
    """Serve, once a process of its own has found that the application can be made: a wrong setting is one clear message and not one per worker.

    The process that workers are forked from never opens a table: threads of Polars and Delta that run there leave their locks taken in every fork.
    """
    if CHECK in sys.argv:
        sys.exit(_fault())
    try:
        checked = subprocess.run((sys.executable, "-m", "api", CHECK), check=False)  # noqa: S603  our own interpreter and module
    except KeyboardInterrupt:  # asked to stop before it has begun: no fault to trace
        sys.exit(INTERRUPTED)
    if checked.returncode:
        sys.exit(checked.returncode)
    write_logs(LogSettings(), "api")
    Server(ApiSettings()).run()


def _fault() -> str | None:
    """Why the application cannot be made; None when it can."""
    try:
        make_services(Settings(), ApiSettings()).close()
    except MtaError as error:
        return f"The API cannot start. {error}"
    return None


if __name__ == "__main__":
    main()
