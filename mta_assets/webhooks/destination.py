"""Where a message may be sent: to public addresses only, checked when the connection is made, and no longer than its time. No message here."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from mta_assets.errors import AddressError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Well-known prefix of NAT64 (RFC 6052): the last 32 bits are an address of IPv4.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


def is_public(address: IpAddress) -> bool:
    """Whether the address is one of the public internet, also by what it carries inside: IPv4 in IPv6 leads where the IPv4 address does."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inside = ipaddress.IPv4Address(int(address) & _LAST_32_BITS)
        if inside is not None:
            return is_public(inside)
    return address.is_global and not address.is_multicast


class Network(httpcore.NetworkBackend):
    """Connections of one message. What a name stands for is looked up once, checked, and connected to: it cannot change in between.

    private: whether addresses that are not public are allowed. ends: monotonic time at which all must be over.
    """

    def __init__(self, *, private: bool, ends: float) -> None:
        self._private = private
        self._ends = ends
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the checked address. Raises AddressError when the name is not known or leads to where nothing may be sent."""
        address = str(self._checked(host, port))
        stream = self._plain.connect_tcp(address, port, _left(self._ends), local_address, socket_options)
        return BoundedStream(stream, self._ends)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise AddressError("Messages go to http(s) addresses only.")

    def _checked(self, host: str, port: int) -> IpAddress:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise AddressError(f"The name {host} leads nowhere. Change the webhook's url, or mend the name.") from error
        addresses = sorted((ipaddress.ip_address(row[4][0]) for row in found), key=lambda address: address.version)
        if not self._private and not all(map(is_public, addresses)):  # which address it is stays here: names of our network are not told
            raise AddressError(
                f"{host} is not an address of the public internet. Whoever runs the server may allow it with MTA_WEBHOOK_PRIVATE=true."
            )
        return addresses[0]


class BoundedStream(httpcore.NetworkStream):
    """A connection that is over at its time, however slowly the other side sends."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come. Raises httpcore.ReadTimeout when the time is over."""
        return self._stream.read(max_bytes, _left(self._ends))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._stream.write(buffer, _left(self._ends))

    def close(self) -> None:
        """End it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same, encrypted; the certificate must be that of the name."""
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, _left(self._ends)), self._ends)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore's own
        """As the connection has it."""
        return self._stream.get_extra_info(info)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left
