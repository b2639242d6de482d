"""What no line may show, taken out of every line just before it is written: keys, tokens, signing secrets, passwords in addresses, and secret fields.

User ids cannot be recognised by their looks: no code logs one, and a test reads everything that a full run wrote.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

HIDDEN: Final = "***"
# Fields whose value is never shown, by a part of their name.
_SECRET_NAMES: Final = re.compile(r"secret|password|passwd|pepper|authorization|api_?key$|cookie|^token$|user_id", re.IGNORECASE)
# An API key keeps its public half, which the audit log names as well.
_SECRETS: Final = (
    (re.compile(r"(mta_[0-9A-Za-z]{8}_)[0-9A-Za-z_-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"whsec_[0-9A-Za-z_=+/-]{8,}"), f"whsec_{HIDDEN}"),
    (re.compile(r"eyJ[0-9A-Za-z_-]{8,}(\.[0-9A-Za-z_=-]*){0,2}"), f"eyJ{HIDDEN}"),
    (re.compile(r"(://[^:/@\s\"]*:)[^@\s\"]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)(bearer\s+)[0-9A-Za-z._~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(x-api-key['\"\\:\s=]+)[^\s'\"\\,}]{8,}"), rf"\1{HIDDEN}"),
)
# Nothing of the above without one of these, in small letters: looking for them takes a twentieth of what the patterns take.
_SIGNS: Final = ("mta_", "whsec_", "eyj", "://", "bearer", "x-api-key")


def scrubbed(text: str) -> str:
    """The text without what looks like a secret of ours."""
    small = text.lower()
    if not any(sign in small for sign in _SIGNS):
        return text
    for looks, shown in _SECRETS:
        text = looks.sub(shown, text)
    return text


def without_secret_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields, with the values hidden of those that are secret by their name."""
    return {name: HIDDEN if _is_secret(name) else value for name, value in fields.items()}


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None
