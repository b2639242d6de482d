"""A secret may be a file: it is found where MTA_SECRETS says, the environment goes first, and no message shows it."""

import pytest

from mta_assets.errors import ConfigError
from mta_assets.settings import ApiSettings, Settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_SECRETS", str(tmp_path))
    for name in ("MTA_STATE_URL", "MTA_API_PEPPER", "MTA_API_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_file_named_as_the_variable_is_its_value(folder):
    (folder / "mta_state_url").write_text("postgresql://u:p@h/d\n")
    (folder / "mta_api_pepper").write_text("p" * 40)
    assert Settings().state_url == "postgresql://u:p@h/d"
    assert ApiSettings().pepper.get_secret_value() == "p" * 40
    assert ApiSettings().redis_url.get_secret_value() == ""
    assert "pppp" not in repr(ApiSettings())


def test_the_environment_goes_before_the_file(folder, monkeypatch):
    (folder / "mta_state_url").write_text("sqlite:///file.db")
    monkeypatch.setenv("MTA_STATE_URL", "sqlite:///environment.db")
    assert Settings().state_url == "sqlite:///environment.db"


def test_a_folder_that_is_not_there_is_said_at_once(monkeypatch):
    monkeypatch.setenv("MTA_SECRETS", "/nowhere/secrets")
    with pytest.raises(ConfigError, match="names /nowhere/secrets, which is no folder"):
        Settings()
