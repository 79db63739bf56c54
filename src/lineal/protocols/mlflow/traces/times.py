"""Moments and durations as protobuf's JSON has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lineal.protocols.mlflow.errors import invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST = (datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s")


def moment(text: str, name: str) -> int:
    """Milliseconds since the epoch of a moment such as `2026-01-02T03:04:05.678Z`; Refused when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"Invalid value '{text[:100]}' for parameter '{name}' supplied.") from None
    if found.tzinfo is None:
        raise invalid(f"Invalid value '{text[:100]}' for parameter '{name}' supplied: it needs a time zone.")
    return (found - _EPOCH) // _MILLISECOND


def told_moment(milliseconds: int) -> str:
    """The inverse of `moment`; what lies beyond the years 1 to 9999 is told as the nearest moment within."""
    found = _EPOCH + timedelta(milliseconds=min(max(milliseconds, _FIRST), _LAST))
    whole = found.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{whole.removesuffix('.000')}Z"


def duration(text: str, name: str) -> int:
    """Milliseconds of a duration such as `1.5s`; Refused when it is none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise invalid(f"Invalid value '{text[:100]}' for parameter '{name}' supplied.")
    sign, seconds, fraction = match.groups()
    found = int(seconds) * 1000 + int((fraction or "").ljust(3, "0")[:3])
    return -found if sign else found


def told_duration(milliseconds: int) -> str:
    """The inverse of `duration`."""
    seconds, rest = divmod(abs(milliseconds), 1000)
    fraction = f".{rest:03}" if rest else ""
    return f"{'-' if milliseconds < 0 else ''}{seconds}{fraction}s"
