"""`python -m tests.api.small_server PORT WORKER NUMBER`: so many processes of eight threads.

Views: a quick one, which says how many of it are under way, a slow one, and one that tells the process.
"""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication

from tests.api.live import free_port, wait_until_it_answers

SLOW_SECONDS = 3.0


class Small(BaseApplication):
    """The server."""

    def load_config(self):
        options = {"bind": f"127.0.0.1:{sys.argv[1]}", "workers": int(sys.argv[3]), "threads": 8, "worker_class": sys.argv[2]}
        for name, value in {**options, "control_socket_disable": True, "loglevel": "warning"}.items():
            self.cfg.set(name, value)

    def load(self):
        """Its views."""
        app, lock, inside = Flask("small"), threading.Lock(), []

        @app.get("/quick")
        def quick():
            with lock:
                inside.append(1)
                count = len(inside)
            time.sleep(0.02)
            with lock:
                inside.pop()
            return str(count)

        @app.get("/slow")
        def slow():
            time.sleep(SLOW_SECONDS)
            return "done"

        @app.get("/who")
        def who():
            return str(os.getpid())

        @app.get("/health/live")
        def live():
            return "alive"

        return app


@contextmanager
def small_server(folder, worker, workers=1):
    """The server, of this class of workers; yields its URL."""
    port, log = free_port(), folder / "log"
    command = [sys.executable, "-m", "tests.api.small_server", str(port), worker, str(workers)]
    with log.open("wb") as lines:
        process = subprocess.Popen(command, cwd=Path.cwd(), stdout=lines, stderr=lines)
    wait_until_it_answers(process, f"http://127.0.0.1:{port}", log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    Small().run()
