"""The server-side secrets, under which API keys are stored and users named: given by the environment, or in development mode made once and kept in a file."""

import hmac
import os
import secrets
from pathlib import Path

from mta_assets.errors import ConfigError
from mta_assets.ingest.persons import PrivacyKeys
from mta_assets.settings import ApiSettings, Settings

PEPPER_FILE = Path(".mta/pepper")
SHORTEST = 32
_HOW_TO_MAKE = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
_KEEP_IT = "Keep it: without it no key that was made under it works."


def read_pepper(settings: ApiSettings, file: Path = PEPPER_FILE) -> bytes:
    """The pepper. In development mode without one, that of the file, which is made when it is not there, for its owner only.

    Raises ConfigError when production has none, when it is too short, or when the file cannot be used.
    """
    given = settings.pepper.get_secret_value()
    if given:
        return _long_enough(given, "MTA_API_PEPPER")
    if settings.mode == "production":
        raise ConfigError(f"MTA_API_PEPPER is not set, and MTA_API_MODE=production needs it. {_HOW_TO_MAKE}. {_KEEP_IT}")
    try:
        return _long_enough(_kept(file), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The pepper cannot be kept in {file}: {error}. Make the file writable, or set MTA_API_PEPPER.") from error


def read_privacy_keys(settings: Settings, api: ApiSettings, file: Path = PEPPER_FILE) -> PrivacyKeys:
    """The secret under which users are named and recognised, which is the pepper unless it has one of its own, and those before it."""
    given = settings.privacy_key.get_secret_value()
    before = tuple(key.strip().encode() for key in settings.privacy_keys_before.get_secret_value().split(",") if key.strip())
    return PrivacyKeys(current=_long_enough(given, "MTA_PRIVACY_KEY") if given else read_pepper(api, file), before=before)


def pseudonym(pepper: bytes, user: int) -> str:
    """A name for a user that is the same wherever this pepper is, and from which without it nobody learns or guesses who it is. user: the stable hash."""
    return f"u_{hmac.digest(pepper, b'user:%d' % user, 'sha256').hex()[:16]}"


def _kept(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        own = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        own.touch(mode=0o600)
        own.write_text(secrets.token_urlsafe(SHORTEST), encoding="utf-8")
        try:
            os.link(own, file)  # whole or not at all, and of several processes one
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return file.read_text(encoding="utf-8").strip()


def _long_enough(text: str, where: str) -> bytes:
    pepper = text.encode()
    if len(pepper) < SHORTEST:
        raise ConfigError(f"The secret of {where} has {len(pepper)} bytes; it needs {SHORTEST} at least. {_HOW_TO_MAKE}. {_KEEP_IT}")
    return pepper
