"""Telling other systems of changes: each commit that a webhook wants to hear of is one signed POST."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from lineal.catalog import outbound
from lineal.catalog.telling import Form, Listener, Message, Plain
from lineal.catalog.values import Event, Principal
from lineal.graph.errors import NotFound
from lineal.store.base import Row
from lineal.store.sql import accounts, log
from lineal.store.sql import webhooks as rows

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog
    from lineal.catalog.session import Session

Status = Literal["pending", "delivered", "failed"]
Post = Callable[..., outbound.Outcome]

PAUSES = (2, 5, 10, 60, 300, 1800, 7200, 21600, 43200, 86400)
"""Seconds before each further attempt; after the last one a delivery has failed."""

_LOGGER = logging.getLogger("lineal.webhooks")
_LEASE_MS = 60_000
_KEPT_MS = 7 * 86_400_000
_AT_ONCE = 8
_IN_A_ROW = 50
_PAGE = 500
_IDLE = 30.0
_KEPT_OF_ANSWER = 10_000
_GATHER = 0.1


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address that is told of changes.

    Attributes:
        kinds: only of entities of these kinds or their subkinds; empty for all.
        actions: only these, such as `created`; empty for all.
        principal: who made it; it hears of what that one may see.
    """

    id: int
    url: str
    kinds: list[str] = []
    actions: list[str] = []
    active: bool = True
    created: int = 0
    principal: str = ""


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """One commit on its way to one webhook.

    Attributes:
        attempt: how often it was tried.
        next_at: when it is tried next, or when it was settled (ms since the epoch).
        error: why the last attempt failed.
    """

    webhook: int
    commit: int
    attempt: int
    next_at: int
    status: Status
    error: str | None = None


class _Hook(NamedTuple):
    """A webhook with what only the worker needs."""

    webhook: Webhook
    since: int
    form: str
    listener: Listener


class _New(NamedTuple):
    """A webhook that is to be made."""

    url: str
    secret: str
    kinds: list[str]
    actions: list[str]
    active: bool = True
    form: str = ""
    namespace: str | None = None
    options: Mapping[str, Any] = {}


class Webhooks:
    """The store's webhooks, and the worker that serves them.

    Args:
        catalog: whose changes are told.
        allow_private: whether loopback and private addresses may be told.
        post: sends a request.
    """

    def __init__(self, catalog: Catalog, allow_private: bool, post: Post = outbound.post) -> None:
        self._catalog = catalog
        self._allow_private = allow_private
        self._post = post
        self._wake: Callable[[], None] = lambda: None
        self._busy: set[int] = set()
        self._prune_at = 0
        self._forms: dict[str, Form] = {"": Plain()}

    def speak(self, name: str, form: Form) -> None:
        """Tell of changes in another form, too."""
        self._forms[name] = form

    def all(self, session: Session) -> list[Webhook]:
        """Every webhook; Denied unless an admin asks."""
        self._catalog.accounts.require_admin(session)
        return [hook.webhook for hook in self._hooks()]

    def add(
        self, session: Session, url: str, kinds: Sequence[str], actions: Sequence[str], secret: str | None
    ) -> tuple[Webhook, str]:
        """Tell an address of changes from now on; the webhook and the secret that signs its deliveries.

        Raises:
            Denied: an admin must ask.
            Invalid: the URL may not be called, or a kind is unknown.
        """
        types = self._catalog.types()
        for kind in kinds:
            types.kind(kind)
        secret = secret or secrets.token_hex(32)
        return self._add(session, _New(url, secret, list(kinds), list(actions))).webhook, secret

    def add_listener(
        self, session: Session, form: str, url: str, secret: str, options: dict[str, Any], *, active: bool
    ) -> Listener:
        """Tell an address of changes in the session's workspace, in a protocol's form; raises as `add` does."""
        new = _New(url, secret, list(self._forms[form].kinds), [], active, form, session.namespace, options)
        return self._add(session, new).listener

    def _add(self, session: Session, new: _New) -> _Hook:
        self._catalog.accounts.require_admin(session)
        outbound.check_url(new.url, self._allow_private)
        who, now = session.principal.name, _now()
        about = (new.url, new.secret, json.dumps(new.kinds), json.dumps(new.actions), int(new.active))
        form = (new.form, new.namespace, now, json.dumps(new.options))
        number = self._catalog.store.write(lambda cx: rows.add(cx, (*about, now, who, log.newest(cx), *form)))
        self._wake()
        return self._hook(number)

    def listeners(self, session: Session, form: str) -> list[Listener]:
        """Those of the session's workspace that are told in a form, newest first; Denied unless an admin asks."""
        self._catalog.accounts.require_admin(session)
        found = [hook.listener for hook in self._hooks() if hook.form == form]
        return [each for each in reversed(found) if each.namespace == session.namespace]

    def listener(self, session: Session, form: str, number: int) -> Listener:
        """One of these; NotFound when there is none of this number."""
        for each in self.listeners(session, form):
            if each.id == number:
                return each
        raise NotFound(f"no webhook {number}")

    def change_listener(
        self,
        session: Session,
        form: str,
        number: int,
        *,
        url: str | None = None,
        secret: str | None = None,
        active: bool | None = None,
        options: Mapping[str, Any],
    ) -> Listener:
        """Change what is given, of the options those that are named; raises as `add` does.

        What happened while it was not active it is not told later.
        """
        self.listener(session, form, number)
        if url is not None:
            outbound.check_url(url, self._allow_private)

        def work(cx: Any) -> None:
            row = rows.one(cx, number)
            if row is None:
                raise NotFound(f"no webhook {number}")
            hook = _hook(row)
            old, wanted = hook.listener, hook.listener.active if active is None else active
            since = log.newest(cx) if wanted and not old.active else hook.since
            named = (url or old.url, old.secret if secret is None else secret, int(wanted), since, _now())
            rows.change(cx, number, (*named, json.dumps({**old.options, **options})))

        self._catalog.store.write(work)
        self._wake()
        return self.listener(session, form, number)

    def try_listener(self, session: Session, form: str, number: int, about: str) -> outbound.Outcome:
        """Tell it of something that did not happen, and answer how that went and what it said."""
        listener = self.listener(session, form, number)
        message = self._forms[form].example(listener, about)
        return self._post(
            listener.url, message.body, message.headers, self._allow_private, keep=_KEPT_OF_ANSWER
        )

    def remove(self, session: Session, number: int) -> None:
        """Tell the address no more; NotFound when there is no such webhook."""
        self._catalog.accounts.require_admin(session)
        if not self._catalog.store.write(lambda cx: rows.delete(cx, number)):
            raise NotFound(f"no webhook {number}")

    def deliveries(self, session: Session, number: int, limit: int = 100) -> list[Delivery]:
        """What was and is to be delivered, newest first."""
        self._catalog.accounts.require_admin(session)
        self._hook(number)
        return [Delivery(*row) for row in rows.deliveries(self._catalog.store.reader(), number, limit)]

    def test(self, session: Session, number: int) -> Delivery:
        """Send an empty delivery now, and answer how it went."""
        self._catalog.accounts.require_admin(session)
        hook = self._hook(number)
        outcome = self._send(hook, [self._forms[hook.form].example(hook.listener, "")])
        status: Status = "failed" if outcome.error else "delivered"
        return Delivery(number, 0, 1, _now(), status, outcome.error or None)

    async def run(self) -> None:
        """Deliver until cancelled."""
        loop = asyncio.get_running_loop()
        wake = asyncio.Event()
        self._wake = lambda: None if wake.is_set() else _call(loop, wake.set)
        unsubscribe = self._catalog.subscribe(lambda commit: self._wake())
        pool = ThreadPoolExecutor(_AT_ONCE, "lineal-webhook")
        try:
            while True:
                wake.clear()
                pause = await self._round(loop, pool)
                await _wait(wake, pause)
                await asyncio.sleep(_GATHER)
        finally:
            unsubscribe()
            pool.shutdown(wait=False, cancel_futures=True)

    async def _round(self, loop: asyncio.AbstractEventLoop, pool: ThreadPoolExecutor) -> float:
        """Queue what is new and start on what is due; seconds until there may be more to do.

        Each webhook gets its deliveries one after the other, so that a slow one delays only itself.
        """
        try:
            due = await loop.run_in_executor(pool, self._prepare)
            for number, deliveries in due.items():
                self._busy.add(number)
                future = loop.run_in_executor(pool, self._deliver, deliveries)
                future.add_done_callback(partial(self._delivered, number))
            return await loop.run_in_executor(pool, self._pause)
        except Exception as error:
            _LOGGER.warning("webhooks wait: %s", type(error).__name__)
            return _IDLE

    def _prepare(self) -> dict[int, list[Delivery]]:
        """What is due, for each webhook that is not being served just now."""
        now = _now()
        found = {}
        for hook in self._hooks():
            number = hook.webhook.id
            if hook.webhook.active and number not in self._busy:
                self._look(hook)
                due = rows.due(self._catalog.store.reader(), number, now, _IN_A_ROW)
                found[number] = [Delivery(*row) for row in due]
        self._prune(now)
        return {number: deliveries for number, deliveries in found.items() if deliveries}

    def _prune(self, now: int) -> None:
        if now >= self._prune_at:
            self._prune_at = now + 3_600_000
            self._catalog.store.write(lambda cx: rows.prune(cx, now - _KEPT_MS))

    def _pause(self) -> float:
        """Seconds until something is due for a webhook that is not being served; one that is wakes us itself."""
        moments = rows.next_due(self._catalog.store.reader())
        free = [moment for number, moment in moments if number not in self._busy]
        return min(max(min(free) - _now(), 0) / 1000, _IDLE) if free else _IDLE

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._attempt(delivery)

    def _delivered(self, number: int, future: asyncio.Future[None]) -> None:
        self._busy.discard(number)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            _LOGGER.warning("webhook %d waits: %s", number, type(error).__name__)
        self._wake()

    def _look(self, hook: _Hook) -> None:
        """Queue a delivery for each new commit that the webhook wants to hear of."""
        newest = log.newest(self._catalog.store.reader())
        if newest <= hook.since:
            return
        events = self._events(hook, hook.since, _PAGE)
        upto = events[-1].commit if events else newest
        commits = list(dict.fromkeys(event.commit for event in events if self._wanted(hook.webhook, event)))
        number, now = hook.webhook.id, _now()

        def work(cx: Any) -> None:
            if rows.advance(cx, number, hook.since, upto):
                rows.queue(cx, number, commits, now)

        self._catalog.store.write(work)
        if events:
            self._wake()

    def _attempt(self, delivery: Delivery) -> None:
        """Try one delivery, unless another process does."""
        number, commit, attempt = delivery.webhook, delivery.commit, delivery.attempt
        until = _now() + _LEASE_MS
        if not self._catalog.store.write(lambda cx: rows.claim(cx, number, commit, attempt, until)):
            return
        row = rows.one(self._catalog.store.reader(), number)
        if row is None:
            return
        hook = _hook(row)
        outcome = self._tell(hook, commit)
        status, next_at = _verdict(outcome, attempt)
        error = outcome.error or None
        self._catalog.store.write(lambda cx: rows.settle(cx, number, commit, status, next_at, error))

    def _of_commit(self, hook: _Hook, commit: int) -> list[Event]:
        found = self._events(hook, commit - 1, 1)
        return [event for event in found if event.commit == commit and self._wanted(hook.webhook, event)]

    def _tell(self, hook: _Hook, commit: int) -> outbound.Outcome:
        """Tell a webhook of a commit in its form."""
        form = self._forms.get(hook.form)
        if form is None:
            return outbound.Outcome(0, f"this server does not speak {hook.form}")
        events = self._of_commit(hook, commit)
        return self._send(hook, form.messages(self._session(hook), hook.listener, commit, events))

    def _send(self, hook: _Hook, messages: Sequence[Message]) -> outbound.Outcome:
        """Send one after the other until one does not arrive; all of them are then tried again."""
        outcome = outbound.Outcome(200, "")
        for message in messages:
            outcome = self._post(hook.webhook.url, message.body, message.headers, self._allow_private)
            if outcome.error:
                break
        return outcome

    def _session(self, hook: _Hook) -> Session:
        principal = self._principal(hook.webhook.principal)
        return self._catalog.session(principal, "native").within(hook.listener.namespace)

    def _events(self, hook: _Hook, since: int, limit: int) -> list[Event]:
        return self._session(hook).changes(since, limit)

    def _principal(self, name: str) -> Principal:
        """Whoever made a webhook: with that one's present grants, or none when the account is gone."""
        from lineal.catalog.catalog import LOCAL, NOBODY

        if name == LOCAL.name:
            return LOCAL
        row = accounts.principal(self._catalog.store.reader(), name)
        return Principal(row[0], row[1]) if row else NOBODY

    def _wanted(self, webhook: Webhook, event: Event) -> bool:
        if webhook.actions and event.action not in webhook.actions:
            return False
        types = self._catalog.types()
        return not webhook.kinds or any(event.kind in types.subkinds(kind) for kind in webhook.kinds)

    def _hooks(self) -> list[_Hook]:
        return [_hook(row) for row in rows.all_of(self._catalog.store.reader())]

    def _hook(self, number: int) -> _Hook:
        row = rows.one(self._catalog.store.reader(), number)
        if row is None:
            raise NotFound(f"no webhook {number}")
        return _hook(row)


def _hook(row: Row) -> _Hook:
    (
        number,
        url,
        secret,
        kinds,
        actions,
        active,
        created,
        principal,
        since,
        form,
        namespace,
        updated,
        options,
    ) = row
    shown = Webhook(number, url, json.loads(kinds), json.loads(actions), bool(active), created, principal)
    listener = Listener(number, url, secret, bool(active), namespace, created, updated, json.loads(options))
    return _Hook(shown, since, form, listener)


def _verdict(outcome: outbound.Outcome, attempts_before: int) -> tuple[Status, int]:
    """What becomes of a delivery, and when."""
    if not outcome.error:
        return "delivered", _now()
    if attempts_before >= len(PAUSES):
        return "failed", _now()
    return "pending", _now() + PAUSES[attempts_before] * 1000


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    """Until woken or so many seconds have passed; what arrives together is then looked at together."""
    try:
        await asyncio.wait_for(wake.wait(), seconds)
    except TimeoutError:
        return
    await asyncio.sleep(_GATHER)


def _now() -> int:
    return time.time_ns() // 1_000_000
