"""One client's connection: uvicorn's protocol, with a short way for most requests and an eye on who dawdles.

uvicorn makes a scope, a task and several messages of every request. When an operation stands at a fixed path and the
body is small and says how long it is, nothing of that is needed: the request is handed over once it is there, and the
reply goes out in one piece. All else is left to uvicorn: chunked and large bodies, uploads, paths with variables,
whoever waits for `100 Continue`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Coroutine
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from lineal.protocols.base import Reply
from lineal.server.http import Disconnected, Request, in_one_piece, lines, send_reply

if TYPE_CHECKING:
    from lineal.server.asgi import App
    from lineal.server.router import Target
    from lineal.server.settings import Settings

LARGEST_HEAD = 64 << 10
"""Bytes of a request's line and headers, of which none may be larger."""
SHORT_BODY = 1 << 20
"""Bytes of a body that goes the short way at most."""
_DIGITS = len(str(SHORT_BODY))


class Stage(Enum):
    """What is waited for: a request, the rest of its head, the rest of its body, or the answer."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3


PATIENCE = {Stage.IDLE: 75.0, Stage.HEAD: 30.0, Stage.BODY: 60.0}
"""Seconds to wait: for a request, for its whole head, for more of its body."""


class State(ServerState):
    """What all connections share.

    Attributes:
        head: headers of every reply, as they are sent.
        now: the event loop's time, a tenth of a second ago at most.
    """

    head = b""
    now = 0.0


class HttpServer(uvicorn.Server):
    """uvicorn, speaking by way of `Connection`."""

    def __init__(self, app: App, settings: Settings) -> None:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=settings.stop_after,
        )
        super().__init__(config)
        self.server_state = self.state = State()

    async def on_tick(self, counter: int) -> bool:
        """What is done ten times a second; whether to stop."""
        leaving = await super().on_tick(counter)
        self.state.now = asyncio.get_running_loop().time()
        if counter % 10 == 0:
            self.state.head = lines(self.state.default_headers)
            for connection in list(self.state.connections):
                if isinstance(connection, Connection):
                    connection.close_if_slow()
        return leaving


class Connection(HttpToolsProtocol):
    """The protocol over one socket."""

    server_state: State

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.application: App = self.config.app  # type: ignore[assignment]
        self.stage = Stage.IDLE
        self.since = self.loop.time()
        self.latest: AnyCycle | None = None
        self.answering: AnyCycle | None = None
        self._hurried = False
        self._head = 0
        self._ignored = False

    def close_if_slow(self) -> None:
        """Give up on a client that takes longer than it may."""
        now = self.server_state.now
        if self.stage is Stage.BODY and self.flow.read_paused:
            # It is we who are slow.
            self.since = now
        if now - self.since < PATIENCE.get(self.stage, math.inf):
            return
        if self.transport.is_closing():
            # It does not take what it was sent.
            self.transport.abort()
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        self._hurried = False
        headers = self.headers if self.stage is Stage.HEAD else None
        super().data_received(data)
        if self.stage is Stage.BODY:
            self.since = self.server_state.now
        elif self.stage is Stage.HEAD and self.headers is headers:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self.send_400_response("The head of the request is too large.")

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(exc)
        if self.answering is not None and not self.answering.response_complete:
            self.answering.disconnected = True
            self.answering.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, unless that would be taken for the answer to another request."""
        due = self.latest is not None and not self.latest.response_complete
        if due and (self.stage is Stage.HEAD or self.pipeline or self.cycle.response_started):
            self.transport.close()
        else:
            super().send_400_response(msg)

    # What the parser finds.

    def on_message_begin(self) -> None:
        """The first byte of a request; what uvicorn needs of it is made when it is clear that it does."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._head = 0
        self.stage, self.since = Stage.HEAD, self.server_state.now

    def on_headers_complete(self) -> None:
        """The whole head: choose the way that the request goes."""
        self.stage = Stage.BODY
        # Nothing is carried out after a reply that said it was the last.
        self._ignored = self.transport.is_closing()
        if self._ignored:
            return
        short = self._short()
        if short is None:
            self._leave_to_uvicorn()
        else:
            # To uvicorn it looks like one of its own.
            self.cycle = short  # type: ignore[assignment]
        self.latest = self.cycle

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        latest = self.latest
        if self._ignored:
            return
        if isinstance(latest, Short):
            latest.body = latest.body + body if latest.body else body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        latest = self.latest
        if self._ignored or latest is None:
            return
        if isinstance(latest, Short):
            self.stage = Stage.ANSWER
            self._queue(latest)
        else:
            super().on_message_complete()
            self.stage = Stage.IDLE if latest.response_complete else Stage.ANSWER

    def on_response_complete(self) -> None:
        """A reply is out: go on with the next request, if it is there."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.stage is Stage.ANSWER:
            self.stage, self.since = Stage.IDLE, self.server_state.now

    def _leave_to_uvicorn(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()

    def _short(self) -> Short | None:
        """The request as one that goes the short way, if it may."""
        method, (path, _, query) = self.parser.get_method(), self.url.partition(b"?")
        target = self.application.whole.get((method, path))
        if target is None or self.expect_100_continue or b"#" in query:
            return None
        headers = dict(self.headers)
        length = headers.get(b"content-length", b"0")
        if len(length) > _DIGITS or not length.isdigit() or int(length) > SHORT_BODY:
            return None
        if b"transfer-encoding" in headers or b"upgrade" in headers:
            return None
        if b"connection" in headers and self.parser.get_http_version() != "1.1":
            return None
        client = self.client[0] if self.client else ""
        request = Request(target.method, target.path, path, query, headers, client)
        return Short(self, target, request, self.latest)

    def _queue(self, cycle: Short) -> None:
        """Answer once what was asked before is answered."""
        before, cycle.before = cycle.before, None
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))  # type: ignore[arg-type]

    def _start_asgi_task(self, cycle: AnyCycle, app: Any) -> None:
        self.answering = cycle
        if not isinstance(cycle, Short):
            super()._start_asgi_task(cycle, app)
        elif self._hurried:
            # One at a time, so that whoever asks much at once does not hold up the others.
            self.loop.call_soon(cycle.start)
        else:
            self._hurried = True
            cycle.start()

    def stream(self, short: Short) -> RequestResponseCycle:
        """What uvicorn sends a reply with that does not go out in one piece."""
        cycle = RequestResponseCycle(
            scope={"type": "http", "method": short.request.method},  # type: ignore[typeddict-item]
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=short.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.disconnected = short.disconnected
        self.answering = cycle
        if self.latest is short:
            self.latest = self.cycle = cycle
        return cycle


class _Unheard:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Something happened."""


class Short:
    """A request on the short way, and its reply. It has what uvicorn's protocol looks for in a cycle of its own."""

    __slots__ = (
        "_connection", "_started", "_target", "_task", "before", "body", "disconnected", "keep_alive", "request",
        "response_complete", "response_started",
    )  # fmt: skip

    message_event = _Unheard()

    def __init__(
        self, connection: Connection, target: Target, request: Request, before: AnyCycle | None
    ) -> None:
        self.request = request
        self.before = before
        self.body = b""
        self.keep_alive = connection.parser.should_keep_alive()
        self.response_started = self.response_complete = self.disconnected = False
        self._connection = connection
        self._target = target
        self._started = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Hand the request over."""
        connection = self._connection
        if connection.transport.is_closing():
            return
        self._started = perf_counter()
        answer = connection.application.begin(self._target, self.request, self.body)
        if isinstance(answer, Reply) and self._fits(answer):
            self._finish(answer)
        else:
            self._task = connection.loop.create_task(self._answer(answer))
            connection.tasks.add(self._task)

    async def _answer(self, answer: Reply | Coroutine[Any, Any, Reply]) -> None:
        assert self._task is not None
        try:
            reply = answer if isinstance(answer, Reply) else await answer
            if self._fits(reply):
                self._finish(reply)
            else:
                await self._send(reply)
        finally:
            self._connection.tasks.discard(self._task)
            if not self.response_complete:
                self._connection.transport.close()

    async def _send(self, reply: Reply) -> None:
        cycle: Any = self._connection.stream(self)
        with contextlib.suppress(Disconnected):
            await send_reply(cycle.send, cycle.receive, reply, head=False)
        self.response_complete = cycle.response_complete
        self._count(reply)

    def _fits(self, reply: Reply) -> bool:
        """Whether the reply can go out in one piece now."""
        return reply.stream is None and not self._connection.flow.write_paused

    def _finish(self, reply: Reply) -> None:
        connection = self._connection
        self.response_started = self.response_complete = True
        if not connection.transport.is_closing():
            self._write(reply)
        if not self.keep_alive:
            connection.transport.close()
        connection.on_response_complete()
        self._count(reply)

    def _write(self, reply: Reply) -> None:
        close = b"" if self.keep_alive else b"connection: close\r\n"
        start = STATUS_LINE[reply.status] + self._connection.server_state.head + close
        # The connection may have broken without anybody having been told yet.
        with contextlib.suppress(RuntimeError):
            self._connection.transport.write(in_one_piece(start, reply))

    def _count(self, reply: Reply) -> None:
        self._connection.application.count(self._target.door.name, reply, self._started)


AnyCycle = RequestResponseCycle | Short
"""A request and its reply, on either way."""
