"""Encryption on the way: to Postgres, to Redis, to the API. A server that shows a certificate of somebody else is not talked to."""

import shutil
import ssl

import httpx
import pytest
import redis

import api.redis_link
from api.redis_link import RedisLink
from api.server import Server
from mta_assets.erasure import caches
from mta_assets.errors import ConfigError, MtaError, StateError
from mta_assets.settings import ApiSettings
from mta_assets.state.store import StateStore
from tests.api.live import live_server
from tests.certificates import issue, tls_before
from tests.servers import postgres_over_tls


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """(authority, certificate, key)."""
    return issue(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """An authority that signed nothing here."""
    return issue(tmp_path_factory.mktemp("other"), "theirs")[0]


@pytest.fixture(scope="module")
def secured_postgres(ours, tmp_path_factory):
    """The URL of a Postgres that takes connections over TLS only."""
    with postgres_over_tls(*ours[1:]) as url:
        yield url


def test_the_state_store_is_reached_over_tls_and_knows_the_server(secured_postgres, ours, tmp_path):
    authority = shutil.copy(ours[0], tmp_path / "ca.pem")
    store = StateStore(f"{secured_postgres}?sslmode=verify-full&sslrootcert={authority}")
    store.migrate()
    with store.reading() as session:
        assert session.connection().exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar_one() is True
    store.close()


@pytest.mark.parametrize("parameters", ["sslmode=disable", "sslmode=verify-full&sslrootcert={theirs}"])
def test_without_tls_or_with_another_authority_there_is_no_state_store(secured_postgres, theirs, parameters):
    store = StateStore(f"{secured_postgres}?{parameters.format(theirs=theirs)}")
    with pytest.raises(StateError, match="does not answer"):
        store.ping()
    store.close()


def test_redis_is_reached_over_tls_and_knows_the_server(redis_server, ours, theirs, monkeypatch):
    monkeypatch.setattr(api.redis_link, "TIMEOUT_SECONDS", 10)  # a machine that tests is a busy one
    with tls_before(redis_server.port, *ours[1:]) as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs="
        link = RedisLink.to(f"{url}{ours[0]}")
        assert link.call(lambda client: client.set("mta:cache:x", b"1"), None) is True
        assert caches.forget(f"{url}{ours[0]}") == 1
        link.client.close()
        stranger = RedisLink.to(f"{url}{theirs}")
        assert stranger.call(lambda client: client.set("y", b"1"), "refused") == "refused"
        stranger.client.close()
        with pytest.raises(MtaError, match="certificate verify failed"):
            caches.forget(f"{url}{theirs}")
        with pytest.raises(redis.RedisError):
            redis.Redis(port=port, socket_timeout=1).ping()


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
def test_the_api_speaks_tls_and_nothing_older_than_1_2(ours, theirs, tmp_path):
    with live_server(tmp_path, authority=ours[0], workers=1, threads=2, tls_certificate=ours[1], tls_key=ours[2]) as url:
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=ours[0])
        assert httpx.get(f"{url}/health/live", verify=trusting).json()["status"] == "alive"
        assert httpx.get(f"{url}/v1/keys", verify=trusting).status_code == 401
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/health/live", verify=ssl.create_default_context(cafile=theirs))
        old = ssl.create_default_context(cafile=ours[0])
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.MAXIMUM_SUPPORTED
        old.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health/live", verify=old)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url.replace("https", "http"))


@pytest.mark.parametrize("given", [{"tls_certificate": "cert"}, {"tls_key": "key"}, {"tls_certificate": "absent", "tls_key": "absent"}])
def test_half_a_certificate_or_none_at_all_is_said_at_the_start(given):
    with pytest.raises(ConfigError, match=r"MTA_API_TLS_KEY go together|cannot be used"):
        Server(ApiSettings(**given))
