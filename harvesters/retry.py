"""How long to wait before asking again: what the host says, else exponential backoff."""

import math
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_HOLD = 86_400.0  # seconds: a host that asks for more is asked again the next night
_EPOCH_LIKE = 1e9  # a reset above this is a point in time, below it a number of seconds


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that `Retry-After` asks for (a number or an HTTP date); None without."""
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return _held(seconds)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return _until(moment, now)


def rate_limit_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until a used-up rate limit is filled again; None while some is left.

    Reads `X-RateLimit-Remaining` and `-Reset` (ISO 8601, epoch or seconds), with or without `X-`.
    """
    for prefix in ("x-ratelimit", "ratelimit"):
        remaining = _number(headers.get(f"{prefix}-remaining", ""))
        reset = headers.get(f"{prefix}-reset", "").strip()
        if remaining is not None and remaining < 1 and reset:
            return _reset(reset, now)
    return None


def backoff(attempt: int, *, base: float, salt: str) -> float:
    """Return the wait after failed attempt number `attempt` (from 0): doubling, jittered by half.

    The jitter is a hash of `salt`, so that equal runs wait alike and different pages do not.
    """
    jitter = zlib.crc32(f"{salt}\x1f{attempt}".encode()) / 0xFFFFFFFF
    return float(base * 2**attempt * (0.5 + 0.5 * jitter))


def _reset(value: str, now: datetime) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        point = seconds - now.timestamp() if seconds > _EPOCH_LIKE else seconds
        return _held(point)
    try:
        return _until(datetime.fromisoformat(value), now)
    except ValueError:
        return None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(moment: datetime, now: datetime) -> float:
    if moment.tzinfo is None:  # "-0000" in a date, or a timestamp without zone: both mean UTC
        moment = moment.replace(tzinfo=UTC)
    return _held((moment - now) / timedelta(seconds=1))


def _held(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_HOLD)
