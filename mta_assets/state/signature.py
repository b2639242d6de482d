"""How a webhook proves that it comes from us: an HMAC over the time and the body. Pure; both ends use this module."""

import hmac
import re

TOLERANCE_SECONDS = 300
_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """`t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">`, for the header of the message."""
    return f"t={timestamp},v1={_digest(secret, timestamp, body)}"


def verify(secret: str, header: str, body: bytes, *, now: int, tolerance: int = TOLERANCE_SECONDS) -> bool:
    """Whether this body was signed with the secret within tolerance seconds of now: a message that was caught and sent again later is refused."""
    match = _FORM.fullmatch(header)
    if match is None:
        return False
    timestamp = int(match[1])
    right = hmac.compare_digest(_digest(secret, timestamp, body), match[2])
    return right and abs(now - timestamp) <= tolerance


def _digest(secret: str, timestamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d.%s" % (timestamp, body), "sha256").hexdigest()
