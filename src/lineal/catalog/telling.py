"""What a webhook is told, and in which form: each protocol may have one of its own."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from lineal.catalog.values import Event

if TYPE_CHECKING:
    from lineal.catalog.session import Session


class Message(NamedTuple):
    """One POST."""

    body: bytes
    headers: Mapping[str, str]


class Listener(msgspec.Struct, frozen=True):
    """A webhook as the form sees it by which it is told.

    Attributes:
        namespace: of the workspace that it belongs to; None when it hears of all.
        secret: signs what it is told; empty when nothing does.
        created, updated: milliseconds since the epoch.
        options: what the form keeps of it.
    """

    id: int
    url: str
    secret: str
    active: bool
    namespace: str | None
    created: int
    updated: int
    options: dict[str, Any]


class Form(Protocol):
    """How a protocol tells of changes."""

    kinds: Sequence[str]
    """Of which kinds of entities it tells at all; empty for all."""

    def messages(
        self, session: Session, listener: Listener, commit: int, events: Sequence[Event]
    ) -> list[Message]:
        """What a commit is told in; the same each time it is asked, but for the time. [] when it means nothing.

        Args:
            session: sees what the webhook's maker sees.
            listener: who is told.
            commit: its number.
            events: what it did to entities of the kinds.
        """
        ...

    def example(self, listener: Listener, about: str) -> Message:
        """What is sent to try the webhook out, as if something had happened; `about` is the form's own."""
        ...


class Plain:
    """Lineal's own form: one message for a commit, with all its events."""

    kinds: Sequence[str] = ()

    def messages(
        self, session: Session, listener: Listener, commit: int, events: Sequence[Event]
    ) -> list[Message]:
        """The commit as it stands in the history."""
        return [_plain(listener, commit, events)]

    def example(self, listener: Listener, about: str) -> Message:
        """A commit in which nothing happened."""
        return _plain(listener, 0, [])


def _plain(listener: Listener, commit: int, events: Sequence[Event]) -> Message:
    body = msgspec.json.encode({"webhook": listener.id, "commit": commit, "events": events})
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Lineal-Webhook",
        "X-Lineal-Delivery": f"{listener.id}-{commit}",
        "X-Lineal-Timestamp": stamp,
        "X-Lineal-Signature": sign(listener.secret, stamp, body),
    }
    return Message(body, headers)


def sign(secret: str, stamp: str, body: bytes) -> str:
    """The signature of a delivery: of its time stamp and its body, under the webhook's secret."""
    return "v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
