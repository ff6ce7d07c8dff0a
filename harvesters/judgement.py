"""What an answer's status means for a harvest: read it, follow it, wait, or stop with an error."""

import re
from collections.abc import Mapping

from harvesters.base import Blocked, Gone, HarvestError, ParseError, Unavailable

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_BLOCKED = frozenset({401, 402, 403, 407, 451})
_RETRIED = frozenset({408, 425})
_OK = range(200, 300)
_SERVER_ERRORS = range(500, 600)
_TOO_MANY = 429
_OVERLOADED = 503
_LOGIN = re.compile(
    r"/(?:log-?in|sign[-_]?in|wp-login\.php|sso|auth(?:/.*)?)(?:\.\w+)?/?$", re.IGNORECASE
)


def is_success(status: int) -> bool:
    """Tell whether an answer is to be read."""
    return status in _OK


def is_redirect(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether an answer leads elsewhere."""
    return status in _REDIRECTS and "location" in headers


def is_challenge(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer is a challenge page, which is never evaded and never retried."""
    return headers.get("cf-mitigated", "").lower() == "challenge"


def is_throttled(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether a host asks for patience: 429, or 503 with a Retry-After."""
    return status == _TOO_MANY or (status == _OVERLOADED and "retry-after" in headers)


def is_worth_retrying(status: int) -> bool:
    """Tell whether the same request may do better a little later."""
    return status in _SERVER_ERRORS or status in _RETRIED


def is_login(path: str) -> bool:
    """Tell whether a redirect leads to a login wall."""
    return _LOGIN.search(path) is not None


def status_error(status: int, host: str) -> HarvestError:
    """Return the error that stands for an answer which is not to be read."""
    if status in _GONE:
        return Gone(f"{host} answered {status}: what was asked for is not there")
    if status in _BLOCKED:
        return Blocked(
            f"{host} answered {status}: this may not be read without its consent; ask the host, or "
            "take the source out"
        )
    if is_worth_retrying(status):
        return Unavailable(
            f"{host} answered {status} to every try; the next harvest goes on from the cursor"
        )
    return ParseError(
        f"{host} answered {status}, which this platform does not promise; check the source's url "
        "and platform"
    )
