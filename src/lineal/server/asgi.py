"""The application: from an ASGI request to a door's handler and back."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Coroutine, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from lineal.catalog.catalog import NOBODY
from lineal.catalog.session import Session
from lineal.catalog.values import Event, Principal
from lineal.catalog.webhooks import Webhooks
from lineal.graph.errors import Invalid, Unauthenticated, Unavailable
from lineal.protocols.base import Call, Door, Host, Reply, Unserved, WrongMethod
from lineal.server import logs
from lineal.server.feed import Feed
from lineal.server.http import (
    Disconnected,
    Headers,
    RawHeaders,
    Receive,
    Request,
    Send,
    has_body,
    plain_body,
    read_body,
    received,
    send_reply,
    stream_body,
)
from lineal.server.metrics import Traffic
from lineal.server.router import Found, Router, Target
from lineal.server.settings import Settings
from lineal.server.signin import Gate, Terms
from lineal.server.static import StaticFiles
from lineal.server.system import System

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog

Scope = MutableMapping[str, Any]

_NO_VALUES: dict[str, str] = {}


class App:
    """All doors over one catalog, as an ASGI application.

    Args:
        catalog: what is served.
        settings: how.
        doors: the protocols.
        trusted: whether the callers are this very process, so that nobody signs in.
    """

    def __init__(self, catalog: Catalog, settings: Settings, doors: Sequence[Door], trusted: bool) -> None:
        self.catalog = catalog
        self.webhooks = Webhooks(catalog, settings.allow_private_webhooks)
        for door in doors:
            if (form := getattr(door, "webhook_form", None)) is not None:
                self.webhooks.speak(door.name, form)
        self.secure = settings.public_url.startswith("https://")
        self.public_url = settings.public_url.rstrip("/")
        self._settings = settings
        self._readers = ThreadPoolExecutor(settings.readers, "lineal-reader")
        self._feed = Feed(catalog, self._readers)
        is_open = settings.accounts == "auto" and settings.loopback and not trusted
        self._gate = Gate(catalog.accounts, Terms(trusted, is_open, settings.public_url.rstrip("/")))
        self._static = StaticFiles()
        self._traffic = {name: Traffic() for name in ("system", "ui", *(door.name for door in doors))}
        self._system = System(catalog, self._traffic)
        self._router = _router([self._system, *doors], catalog.store.embedded)
        self.whole = self._router.whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = perf_counter()
        request = _request(scope)
        target = self._router.fixed.get((request.method, request.path))
        if target is not None:
            door, reply = target.door.name, await self._answer(Found(target, _NO_VALUES), request, receive)
        else:
            door, reply = await self._look_further(request, receive)
        with contextlib.suppress(Disconnected):
            await send_reply(send, receive, reply, request.method == "HEAD")
        self.count(door, reply, started)

    def begin(self, target: Target, request: Request, body: bytes) -> Reply | Coroutine[Any, Any, Reply]:
        """Answer a request whose body is there: at once if that takes nothing to wait for, else later.

        Args:
            target: one of `whole`.
            request: what was asked of it.
            body: at most as many bytes as the settings allow.
        """
        call = None
        try:
            principal = self._admit(target, request)
            if principal is None:
                return self._answer(Found(target, _NO_VALUES), request, None, body)
            call = self._call(Found(target, _NO_VALUES), request, principal)
            self._hand_over(call, target, request.headers, body)
            if target.inline and not target.awaits:
                return cast("Reply", target.handler(call))
        except Exception as error:
            return self._failed(error, target.door, call, request)
        return self._later(target, call, request)

    async def _later(self, target: Target, call: Call, request: Request) -> Reply:
        try:
            if target.awaits:
                return await cast("Awaitable[Reply]", target.handler(call))
            return cast("Reply", await self._in_thread(target.handler, call))
        except Exception as error:
            return self._failed(error, target.door, call, request)

    def count(self, door: str, reply: Reply, started: float) -> None:
        """Note that a door's reply was sent."""
        self._traffic[door].add(reply.status, perf_counter() - started)

    # What doors may ask of the server: `lineal.protocols.base.Host`.

    async def sign_in(self, name: str, password: str, client: str) -> Principal:
        return await self._gate.sign_in(name, password, client)

    async def principal(self, headers: RawHeaders, client: str) -> Principal:
        """Whose credentials these are; Unauthenticated when they are nobody's."""
        return self.remembered(headers) or await self._gate.principal("POST", headers, client)

    def remembered(self, headers: RawHeaders) -> Principal | None:
        """The same when that takes no look-up, on any thread."""
        return self._gate.remembered(headers)

    def forget(self) -> None:
        self._gate.forget()

    def follow(self, session: Session, since: int) -> AsyncIterator[list[Event]]:
        return self._feed.follow(session, since)

    def quiesce(self) -> None:
        """End what would go on for ever, so that the server can stop."""
        self._feed.close()

    def close(self) -> None:
        """Give back threads; the catalog stays open."""
        self.quiesce()
        self._gate.close()
        self._readers.shutdown(wait=True, cancel_futures=True)

    async def _look_further(self, request: Request, receive: Receive) -> tuple[str, Reply]:
        """Paths with variables, methods that follow from others, and pages of the UI."""
        # A client whose base URL ends in a slash asks for `//path`.
        path = "/" + request.raw_path.decode("latin-1").lstrip("/")
        found = self._router.find(request.method, path)
        if found is None and request.method == "HEAD":
            found = self._router.find("GET", path)
        if found is not None:
            return found.target.door.name, await self._answer(found, request, receive)
        return await self._unrouted(path, request)

    async def _unrouted(self, path: str, request: Request) -> tuple[str, Reply]:
        headers, method = Headers(request.headers), request.method
        reading = method in ("GET", "HEAD")
        file = await self._in_thread(self._static.find, request.path, headers) if reading else None
        if file is not None:
            return "ui", file
        methods = self._router.methods(path)
        owner = self._router.owner(path)
        if methods:
            return _other_method(owner or self._system, method, methods)
        if owner is None and reading and "." not in path.rpartition("/")[2]:
            return "ui", await self._in_thread(self._static.page, headers)
        owner = owner or self._system
        return owner.name, owner.failure(Unserved(path), None)

    async def _answer(
        self, found: Found, request: Request, receive: Receive | None, body: bytes = b""
    ) -> Reply:
        """Run a door's handler; whatever goes wrong is answered in the door's own shape.

        The body is read by `receive`, or there already.
        """
        call = None
        try:
            principal = self._admit(found.target, request) or await self._gate.principal(
                request.method, request.headers, request.client
            )
            call = self._call(found, request, principal)
            if receive is None:
                self._hand_over(call, found.target, request.headers, body)
            elif found.target.streams:
                call.stream = stream_body(receive, request.headers)
            elif has_body(request.headers):
                call.body = await read_body(receive, request.headers, self._settings.max_body)
            return await self._run(found.target, call)
        except Exception as error:
            return self._failed(error, found.target.door, call, request)

    def _hand_over(self, call: Call, target: Target, headers: RawHeaders, body: bytes) -> None:
        """Give a call the body that is there, in the way that its operation takes one."""
        if target.streams:
            call.stream = stream_body(received(body), headers)
        elif body:
            call.body = plain_body(body, headers, self._settings.max_body)

    def _admit(self, target: Target, request: Request) -> Principal | None:
        """Whoever is asking, when that takes no look-up; None when it does.

        Raises:
            Denied: a page from elsewhere is asking. Invalid: a NUL character is in the address.
        """
        self._gate.check_browser(request.method, request.headers)
        if b"%00" in request.query or b"%00" in request.raw_path:
            raise Invalid("text must not hold NUL characters")
        return NOBODY if target.public else self._gate.remembered(request.headers)

    def _call(self, found: Found, request: Request, principal: Principal) -> Call:
        target, headers = found.target, Headers(request.headers)
        session = self.catalog.session(principal, target.door.name)
        call = Call(
            session if target.narrow is None else target.narrow(session, headers),
            request.method,
            request.path,
            query=request.query.decode("latin-1"),
            headers=headers,
            path_params=found.values,
        )
        call.client, call.host = request.client, self
        return call

    async def _run(self, target: Target, call: Call) -> Reply:
        handler: Any = target.handler
        if target.awaits:
            reply: Reply = await handler(call)
        elif target.inline:
            reply = handler(call)
        else:
            reply = await self._in_thread(handler, call)
        return reply

    async def _in_thread(self, function: Any, *args: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, function, *args)
        except RuntimeError as error:
            if "shutdown" in str(error):
                raise Unavailable("the server is stopping") from error
            raise

    def _failed(self, error: Exception, door: Door, call: Call | None, request: Request) -> Reply:
        reply = door.failure(error, call)
        more = []
        if isinstance(error, Unauthenticated) and reply.status == 401:
            more.append(("WWW-Authenticate", 'Bearer realm="lineal"'))
        if reply.status >= 500 and not isinstance(error, Disconnected):
            request_id = uuid.uuid4().hex
            logs.failed(error, request_id, f"{door.name} {request.method}")
            more.append(("X-Request-Id", request_id))
        return reply._replace(headers=[*reply.headers, *more]) if more else reply


def _router(doors: Sequence[Door], embedded: bool) -> Router:
    router = Router()
    for door in doors:
        router.add(door, embedded)
    return router


def _other_method(door: Door, method: str, methods: Sequence[str]) -> tuple[str, Reply]:
    allow = ("Allow", ", ".join(methods))
    if method == "OPTIONS":
        return door.name, Reply(204, b"", headers=[allow])
    reply = door.failure(WrongMethod(method, methods), None)
    return door.name, reply._replace(status=405, headers=[*reply.headers, allow])


def _request(scope: Scope) -> Request:
    raw = scope.get("raw_path")
    if raw is None:
        from urllib.parse import quote

        raw = quote(scope["path"]).encode()
    client = scope["client"][0] if scope.get("client") else ""
    headers = dict(scope["headers"])
    return Request(scope["method"], scope["path"], raw, scope["query_string"], headers, client)


_: type[Host] = App
