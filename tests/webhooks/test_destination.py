"""No message reaches an address that is not public, however it is written or looked up."""

import socket
import time
from ipaddress import ip_address

import pytest

from mta_assets.errors import AddressError
from mta_assets.webhooks.destination import Network, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"])
def test_a_public_address_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  an address to refuse, not to listen on
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::1",
    ],
)
def test_an_address_that_is_not_public_is_not(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "::1", "0"])
def test_ways_to_write_this_machine_are_refused_when_the_connection_is_made(host):
    with pytest.raises(AddressError):
        Network(private=False, ends=time.monotonic() + 5).connect_tcp(host, 80)


def test_a_name_is_looked_up_once_and_connected_to_where_it_was_checked(monkeypatch):
    answers = iter(["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 80))])
    with pytest.raises(AddressError, match="public internet"):
        Network(private=False, ends=time.monotonic() + 5).connect_tcp("rebinding.example", 80)


def test_a_name_with_one_address_that_is_not_public_is_refused_whole(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(AddressError) as refused:
        Network(private=False, ends=time.monotonic() + 5).connect_tcp("mixed.example", 80)
    assert "10.0.0.1" not in str(refused.value)
