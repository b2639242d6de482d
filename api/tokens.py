"""Bearer tokens (JWT): verified against the configured secret or JWKS, with the algorithms that belong to it. No key of ours, no route."""

from dataclasses import dataclass

import jwt

from api.problems import Problem
from mta_assets.settings import ApiSettings
from mta_assets.state.access import ROLES, Scope

# What a token itself says of its algorithm is never believed.
_SHARED, _PUBLIC = ["HS256"], ["RS256", "ES256"]
_LEEWAY_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A verified token: whose it is and what it may do."""

    subject: str
    scopes: frozenset[Scope]


class TokenVerifier:
    """Verifies tokens as the settings say; with neither secret nor JWKS every token is refused."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._jwks = jwt.PyJWKClient(settings.jwks_url, cache_keys=True, timeout=3) if settings.jwks_url else None

    def verify(self, authorization: str) -> Token:
        """The token of an Authorization header. Raises Problem when it is not one of ours or not valid now."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "bearer" or not encoded:
            raise _refused("Authorization must be: Bearer <token>.")
        try:
            return _token(self._claims(encoded.strip()))
        except jwt.ExpiredSignatureError as error:
            raise _refused("The token has expired.") from error
        except jwt.PyJWKClientConnectionError as error:
            raise Problem(
                code="unavailable", message="The keys of bearer tokens cannot be fetched at this moment.", retry_after=10
            ) from error
        except jwt.PyJWTError as error:
            raise _refused("The token is not valid here.") from error

    def _claims(self, encoded: str) -> dict[str, object]:
        settings = self._settings
        if self._jwks is not None:
            key, algorithms = self._jwks.get_signing_key_from_jwt(encoded).key, _PUBLIC
        elif settings.jwt_secret.get_secret_value():
            key, algorithms = settings.jwt_secret.get_secret_value(), _SHARED
        else:
            raise _refused("Bearer tokens are not set up on this server; use an API key.")
        claims: dict[str, object] = jwt.decode(
            encoded,
            key,
            algorithms=algorithms,
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer or None,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "sub", "aud"]},
        )
        return claims


def _token(claims: dict[str, object]) -> Token:
    """role: viewer, analyst or admin; scope: a list, or words separated by blanks, as OAuth has it. Unknown words give nothing."""
    asked = claims.get("scope", "")
    words = set(asked.split()) if isinstance(asked, str) else set(asked) if isinstance(asked, list) else set()
    scopes = ROLES.get(str(claims.get("role", "")), frozenset()) | {scope for scope in Scope if scope.value in words}
    return Token(subject=str(claims["sub"]), scopes=frozenset(scopes))


def _refused(message: str) -> Problem:
    return Problem(code="unauthenticated", message=message, headers={"WWW-Authenticate": 'Bearer realm="mta", error="invalid_token"'})
