"""The server process: gunicorn with threads, set up from our settings, whose own errors have our one shape. No route."""

import gc
import logging
import os
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import psutil
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.http import errors
from gunicorn.util import write_nonblock

from api.application import create_app
from api.logs import ServerLog
from api.metrics import EXTENSION as METRICS
from api.metrics import end_sharing, forget_worker, share_among_workers
from api.patience import PatientConnection, SlowHeadError, head_has_come
from api.problems import CODES, Problem, document
from api.services import EXTENSION, Services
from api.sharing import SharingWorker, forget_connections
from api.vitals import Reporter, server_name
from mta_assets.errors import ConfigError
from mta_assets.jobs.folder import sweep
from mta_assets.settings import ApiSettings, Settings
from mta_assets.telemetry.tracing import start_tracing

log = logging.getLogger(__name__)
GRACEFUL_SECONDS = 30
SILENT_SECONDS = 120
_LINE_BYTES, _FIELDS, _FIELD_BYTES = 8_190, 100, 8_190
_CODES: Mapping[type[BaseException], str] = {
    errors.LimitRequestLine: "uri_too_long",
    errors.LimitRequestHeaders: "headers_too_large",
    errors.ParseException: "bad_request",
    SlowHeadError: "request_timeout",
}


class Worker(SharingWorker):
    """A worker that answers what it cannot even parse as every other failure is answered."""

    connection = PatientConnection

    def handle_request(self, req: Any, conn: Any) -> Any:  # noqa: ANN401  gunicorn's own
        """Have the application answer a request whose head has come."""
        head_has_come(conn)
        return super().handle_request(req, conn)

    def handle_error(self, req: object, client: Any, addr: object, exc: BaseException) -> None:  # noqa: ANN401  gunicorn's own
        """Answer a request that never reached the application, and close the connection."""
        code = next((code for kind, code in _CODES.items() if isinstance(exc, kind)), "internal_error")
        if code == "internal_error":
            log.error("a request ended in the server", exc_info=exc)
        with suppress(OSError):  # the client may have gone
            write_nonblock(client, _raw(Problem(code=code, message=CODES[code].when)))


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn as an application of ours: it reads neither its command line nor its environment. Raises ConfigError for a certificate that cannot be used."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings, self._tls = settings, tls_options(settings)
        super().__init__()

    def load_config(self) -> None:
        """Our settings as gunicorn's."""
        for name, value in self.options().items():
            self.cfg.set(name, value)

    def options(self) -> dict[str, object]:
        """What differs from gunicorn's defaults. Workers load the application themselves: Polars and open tables do not survive a fork."""
        return {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.workers,
            "threads": self._settings.threads,
            "worker_class": "api.server.Worker",
            "worker_connections": 1_000,
            "backlog": 2_048,
            "keepalive": 15,
            "timeout": SILENT_SECONDS,
            "graceful_timeout": GRACEFUL_SECONDS,
            "limit_request_line": _LINE_BYTES,
            "limit_request_fields": _FIELDS,
            "limit_request_field_size": _FIELD_BYTES,
            "control_socket_disable": True,
            "forwarded_allow_ips": "*" if self._settings.proxy_hops else "",
            "loglevel": "warning",
            "logger_class": ServerLog,
            **self._tls,
            "on_starting": lambda arbiter: share_among_workers(),
            "child_exit": _forget,
            "on_exit": lambda arbiter: end_sharing(),
        }

    def load(self) -> object:
        """The application, once per worker: a process that reads files is warm before the first comes, and what killed requests left is removed.

        What is there by now lives as long as the worker: looking through it at every full garbage collection would stop it for a tenth of a second.
        """
        if Settings().tracing:
            start_tracing("api")
        app = create_app()
        services: Services = app.extensions[EXTENSION]
        services.children.warm()
        sweep(services.settings.uploads, is_job=lambda _: True)  # folders of jobs are `clean_up`'s
        reporter_of(app, services).start()
        gc.collect()
        gc.freeze()
        return app


def _forget(arbiter: object, worker: Any) -> None:  # noqa: ANN401  gunicorn's own
    """A worker has ended."""
    forget_worker(worker.pid)
    forget_connections(worker.age)


def tls_options(settings: ApiSettings) -> dict[str, object]:
    """Gunicorn's options where the server is to speak TLS itself. Raises ConfigError when its files cannot be used: gunicorn would say so per connection."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None and key is None:
        return {}
    if certificate is None or key is None:
        raise ConfigError("MTA_API_TLS_CERTIFICATE and MTA_API_TLS_KEY go together: set both, or none.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificate {certificate} and the key {key} cannot be used: {error}.") from error
    return {"certfile": str(certificate), "keyfile": str(key), "ssl_context": _modern}


def _modern(config: object, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Gunicorn's context, without what is older than TLS 1.2."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def reporter_of(app: Flask, services: Services) -> Reporter:
    """What says how this server does; the process that starts the workers is as old as the server."""
    return Reporter(
        server=server_name(services.api.host, services.api.port),
        began_at=datetime.fromtimestamp(psutil.Process(os.getppid()).create_time(), UTC),
        metrics=app.extensions[METRICS],
        store=services.store,
        now=services.now,
    )


def _raw(problem: Problem) -> bytes:
    """The whole HTTP answer to a connection that no application will see."""
    request_id = uuid4().hex
    body = orjson.dumps(document(problem, request_id, datetime.now(UTC)))
    head = (
        f"HTTP/1.1 {CODES[problem.code].status} {problem.code}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Request-ID: {request_id}\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
    )
    return head.encode() + body
