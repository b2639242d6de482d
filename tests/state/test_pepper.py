"""The pepper is given in production, and made once where one only tries things out."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from mta_assets.errors import ConfigError
from mta_assets.settings import ApiSettings
from mta_assets.state.pepper import read_pepper

LONG = "long enough to be a pepper, surely"


def settings(pepper="", mode="development"):
    return ApiSettings(pepper=SecretStr(pepper), mode=mode)


def test_development_makes_one_and_keeps_it_for_its_owner_only(tmp_path):
    file = tmp_path / "folder" / "pepper"
    made = read_pepper(settings(), file)
    assert len(made) >= 32
    assert read_pepper(settings(), file) == made
    assert [stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()] == [0o600]


def test_those_who_make_it_at_once_have_the_same(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: read_pepper(settings(), tmp_path / "pepper"), range(16)))) == 1


def test_production_without_one_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigError, match=r"MTA_API_PEPPER is not set.*token_urlsafe"):
        read_pepper(settings(mode="production"), tmp_path / "pepper")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", ["development", "production"])
def test_the_one_that_is_given_is_used(tmp_path, mode):
    assert read_pepper(settings(LONG, mode), tmp_path / "pepper") == LONG.encode()
    with pytest.raises(ConfigError, match="5 bytes") as refused:
        read_pepper(settings("short", mode), tmp_path / "pepper")
    assert "short" not in str(refused.value)


def test_a_file_that_cannot_hold_one_is_named(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    for file in ("empty", "binary", "empty/below"):
        with pytest.raises(ConfigError, match=file):
            read_pepper(settings(), tmp_path / file)
