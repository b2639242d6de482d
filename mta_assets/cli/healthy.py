"""`mta healthy`: whether a service answers, as health checks of containers ask it. Quick to start: it imports neither Dagster nor the API."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from urllib.request import urlopen

import click

from mta_assets.settings import ApiSettings, Settings

SICK = 1  # exit code
SECONDS = 5.0
CODE_LOCATION_PORT = 4000


def _http(url: str) -> str | None:
    try:
        with urlopen(url, timeout=SECONDS):  # noqa: S310  an address of this machine, made below
            return None
    except (OSError, HTTPException) as error:  # an answer of 400 or more is an OSError here
        return f"{url}: {error}"


def _api() -> str | None:
    return _http(f"http://127.0.0.1:{ApiSettings().port}/health/ready")


def _webserver() -> str | None:
    return _http(f"http://127.0.0.1:{Settings().ui_port}/server_info")


def _code_location() -> str | None:
    """Dagster's servers of code speak the health protocol of gRPC."""
    import grpc  # noqa: PLC0415  the others do without
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    where = f"127.0.0.1:{CODE_LOCATION_PORT}"
    with grpc.insecure_channel(where) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="DagsterApi"), timeout=SECONDS)
        except grpc.RpcError as error:
            return f"{where}: {error.code().name}"
    return None if answer.status == health_pb2.HealthCheckResponse.SERVING else f"{where}: it does not serve yet"


def _daemon() -> str | None:
    """By the heartbeat that its sensors leave in the state store: it shows that the daemon runs and that code is evaluated."""
    from mta_assets.jobs.daemon import daemon_warning  # noqa: PLC0415  the others do without
    from mta_assets.state.heartbeats import Heartbeats  # noqa: PLC0415
    from mta_assets.state.store import StateStore  # noqa: PLC0415

    store = StateStore(Settings().state_url)
    try:
        return daemon_warning(Heartbeats(store), datetime.now(UTC))
    finally:
        store.close()


def _watch() -> str | None:
    """By the file that it touches: it is to live on while the state store is away."""
    from mta_assets.alerts.pulse import fault  # noqa: PLC0415  the others do without

    return fault()


SERVICES: Mapping[str, Callable[[], str | None]] = {
    "api": _api,
    "webserver": _webserver,
    "code-location": _code_location,
    "daemon": _daemon,
    "watch": _watch,
}


@click.command(name="healthy")
@click.argument("service", type=click.Choice(list(SERVICES)))
@click.pass_context
def command(ctx: click.Context, service: str) -> None:
    """Say whether a service on this machine answers.

    \b
    Exit codes: 0 it does, 1 it does not; the message says what was asked.
    """  # noqa: D301  click's own mark for lines that stay as they are
    fault = SERVICES[service]()
    if fault:
        click.echo(fault, err=True)
        ctx.exit(SICK)
    click.echo("It answers.")
