"""Addresses that are told of changes: for admins."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lineal.client.connection import Connection


class Webhook(msgspec.Struct, omit_defaults=True):
    """An address with what it wants to hear of; everything when empty."""

    id: int
    url: str
    kinds: list[str] = []
    actions: list[str] = []


class Delivery(msgspec.Struct, omit_defaults=True):
    """One commit on its way to one webhook.

    Attributes:
        commit: its number; 0 for a test.
        attempt: how often it was tried.
        next_at: when it is tried next, or when it was settled (ms since the epoch).
        status: pending, delivered or failed.
        error: why the last attempt failed.
    """

    webhook: int
    commit: int
    attempt: int
    next_at: int
    status: str
    error: str | None = None


class Webhooks:
    """The addresses that are told of changes by a signed POST."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Webhook]:
        """Every webhook, without its secret."""
        return self._connection.get("/webhooks", dict[str, list[Webhook]])["webhooks"]

    def add(
        self, url: str, *, kinds: Sequence[str] = (), actions: Sequence[str] = (), secret: str | None = None
    ) -> Webhook:
        """Tell an address of changes from now on.

        Args:
            url: receives a POST for each change; private addresses are refused unless the server allows them.
            kinds: only of entities of these kinds.
            actions: only these, such as `created` or `labelled`.
            secret: signs each delivery.
        """
        body = {"url": url, "kinds": list(kinds), "actions": list(actions)}
        return self._connection.post("/webhooks", Webhook, body | ({"secret": secret} if secret else {}))

    def remove(self, webhook: int) -> None:
        """Tell the address no more."""
        self._connection.send("DELETE", f"/webhooks/{webhook}")

    def deliveries(self, webhook: int) -> list[Delivery]:
        """What was and is to be delivered, newest first."""
        path = f"/webhooks/{webhook}/deliveries"
        return self._connection.get(path, dict[str, list[Delivery]])["deliveries"]

    def test(self, webhook: int) -> Delivery:
        """Send the address an empty delivery now; whether it arrived."""
        return self._connection.post(f"/webhooks/{webhook}/test", Delivery, b"")
