"""The run launcher that `dagster.yaml` names: Dagster's own, which can also tell whether the process of a run still lives.

Else a run whose process died together with its code server (a power cut, a container that was replaced) would count as running without end, and what
waits for it would wait.
"""

import json
import time
from typing import Any

import psutil
from dagster import DagsterEventType, DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

ASK_SECONDS = 10
# A code server on another machine may be out of reach for a moment; then its runs go on.
OUT_OF_REACH_SECONDS = 300
_ALIVE, _DEAD = (
    CheckRunHealthResult(WorkerStatus.RUNNING),
    CheckRunHealthResult(WorkerStatus.FAILED, "the process of the run is gone"),
)


class WatchingRunLauncher(DefaultRunLauncher):
    """Asks the code server that started a run whether it still runs; where that is gone too, whether the run's process is."""

    def __init__(self, inst_data: Any = None) -> None:  # noqa: ANN401  dagster's own
        super().__init__(inst_data)
        self._out_of_reach: dict[str, float] = {}

    @property
    def supports_check_run_worker_health(self) -> bool:
        """So that run monitoring asks."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run that has started is there. In doubt it is: a run must not be started beside itself."""
        server = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
        runs_there = _runs_at(server, run.run_id)
        if runs_there is not None:
            self._out_of_reach.pop(run.run_id, None)
            return _ALIVE if runs_there else _DEAD
        if not _on_this_machine(server):
            since = self._out_of_reach.setdefault(run.run_id, time.monotonic())
            return _ALIVE if time.monotonic() - since < OUT_OF_REACH_SECONDS else _DEAD
        return _ALIVE if self._process_lives(run.run_id) else _DEAD

    def _process_lives(self, run_id: str) -> bool:
        """Whether the process that began the run is there: one of that number, no younger than what it said."""
        began = self._instance.all_logs(run_id, of_type={DagsterEventType.RUN_START, DagsterEventType.STEP_START})
        return any(_lives(record.get_dagster_event().pid, record.timestamp) for record in began)


def _runs_at(server: dict[str, Any], run_id: str) -> bool | None:
    """Whether the code server has a process for the run; None when it does not answer."""
    if not server:
        return None
    host, port, socket = (server.get(name) for name in ("host", "port", "socket"))
    client = DagsterGrpcClient(host=host or "localhost", port=port, socket=socket, use_ssl=bool(server.get("use_ssl")))
    try:
        answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=ASK_SECONDS)
    except DagsterUserCodeUnreachableError:
        return None
    return bool(deserialize_value(answer, CanCancelExecutionResult).can_cancel)


def _on_this_machine(server: dict[str, Any]) -> bool:
    return "socket" in server or server.get("host") in (None, "localhost", "127.0.0.1", "::1")


def _lives(pid: int | None, said_at: float) -> bool:
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= said_at + 1)
    except psutil.NoSuchProcess:
        return False
