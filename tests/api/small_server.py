"""`python small_server.py PORT`: one process of eight threads whose views are a quick one, which says how many of it are under way, and a slow one."""

import sys
import threading
import time

from flask import Flask
from gunicorn.app.base import BaseApplication

SLOW_SECONDS = 3.0


class Small(BaseApplication):
    """The server."""

    def load_config(self):
        options = {"bind": f"127.0.0.1:{sys.argv[1]}", "workers": 1, "threads": 8, "worker_class": "api.turns.OrderlyWorker"}
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

        @app.get("/health/live")
        def live():
            return "alive"

        return app


if __name__ == "__main__":
    Small().run()
