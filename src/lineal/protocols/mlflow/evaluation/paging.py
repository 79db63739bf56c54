"""Tokens of pages that hold only for the question that they were given out for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

import msgspec

from lineal.protocols.mlflow.errors import invalid

_LONGEST = 1000


class _Token(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    position: str
    about: str


def token(position: str, about: Any) -> str:
    """A token for the page that begins at a position, of the answer to a question."""
    return base64.urlsafe_b64encode(msgspec.json.encode(_Token(position, _digest(about)))).decode()


def position_of(given: str, about: Any) -> str:
    """Where a page begins; empty without a token.

    Raises:
        Refused: it is no token, or one of another question.
    """
    if not given:
        return ""
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(given[:_LONGEST].encode()), type=_Token)
    except (binascii.Error, UnicodeEncodeError, msgspec.MsgspecError, UnicodeDecodeError):
        raise _wrong() from None
    if found.about != _digest(about):
        raise _wrong()
    return found.position


def offset_of(given: str, about: Any) -> int:
    """The same where positions are numbers."""
    position = position_of(given, about) or "0"
    if not (position.isascii() and position.isdigit() and len(position) < 12):
        raise _wrong()
    return int(position)


def _digest(about: Any) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def _wrong() -> Exception:
    return invalid("Invalid page token, or one that was given out for another question.")
