"""A receiver of mail: a real SMTP server on this machine that keeps what it was sent, and may refuse."""

import email
import email.policy
import socket
from contextlib import contextmanager

from aiosmtpd.controller import Controller


class Mailbox:
    """What came. refuse: the answer to every message, instead of taking it."""

    def __init__(self):
        self.received, self.refuse, self.port = [], "", 0

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  aiosmtpd's own
        if self.refuse:
            return self.refuse
        self.received.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"


@contextmanager
def mailbox():
    """A running server."""
    box = Mailbox()
    with socket.socket() as probe:  # aiosmtpd connects to its own port at the start, and must be told which
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
