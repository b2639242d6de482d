"""`python idle.py PORT`: a process that answers every request with 200 and does nothing else."""

import asyncio
import sys


class Answer(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what a server hands over
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive")


async def main() -> None:
    """Serve until the end."""
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
