"""Tokens for the next page: a value that a client hands back without looking into it."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

import msgspec

from lineal.graph.errors import Invalid

T = TypeVar("T", bound=msgspec.Struct)


def write(token: msgspec.Struct) -> str:
    """The token as text."""
    return urlsafe_b64encode(msgspec.json.encode(token)).decode()


def read(text: str, kind: type[T]) -> T:
    """The token that a text stands for; Invalid when it was not made by `write`."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(text), type=kind)
    except (binascii.Error, ValueError, RecursionError, msgspec.DecodeError):
        raise Invalid("the page token is not one of ours; send what the page before gave, or none") from None
