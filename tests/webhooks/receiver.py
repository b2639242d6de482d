"""A receiver of webhooks: a real HTTP server that keeps what it was sent and answers as it is told."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """What came, and how to answer. slow: seconds before it answers; drip: one byte of the answer at a time, for ever."""

    def __init__(self):
        self.status, self.slow, self.drip, self.headers, self.body = 200, 0.0, False, {}, b""
        self.received = []
        self.url = ""


@contextmanager
def receiving():
    """A running receiver on this machine."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.received.append((self.path, dict(self.headers), body))
            time.sleep(told.slow)
            if told.drip:
                self._drip()
                return
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def do_GET(self):
            told.received.append((self.path, dict(self.headers), b""))
            self.send_response(200)
            self.end_headers()

        def _drip(self):
            try:
                for sign in "HTTP/1.1 200 OK\r\nX-Long: " + "x" * 1_000:
                    self.wfile.write(sign.encode())
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:  # the sender has gone: that is what the test is about
                return

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/hook?x=1"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
