"""The server's life: open the store, listen, stop without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineal.graph.errors import LinealError
from lineal.protocols import DOORS
from lineal.protocols.base import Door
from lineal.server.asgi import App
from lineal.server.settings import Settings

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog

_BACKLOG = 2048


class Refused(LinealError):
    """The server does not start with these settings."""


def load_doors(names: Sequence[str] = ()) -> list[Door]:
    """The doors of these names, all when there are none; Refused when one is unknown."""
    unknown = sorted(set(names) - DOORS.keys())
    if unknown:
        raise Refused(f"unknown doors: {', '.join(unknown)}; there are {', '.join(DOORS)}")
    return [importlib.import_module(DOORS[name]).door for name in names or DOORS]


def build_app(catalog: Catalog, settings: Settings | None = None, *, trusted: bool = False) -> App:
    """The ASGI application over an open catalog.

    Args:
        catalog: what is served; the caller closes it.
        settings: how.
        trusted: whether the callers are this very process, so that nobody signs in.
    """
    from lineal.catalog.catalog import LOCAL

    settings = settings or Settings()
    doors = load_doors(settings.doors)
    for door in doors:
        seed = getattr(door, "seed", None)
        if seed is not None:
            seed(catalog.session(LOCAL, door.name))
    return App(catalog, settings, doors, trusted)


def open_catalog(settings: Settings) -> Catalog:
    """The catalog that the settings name, with the folders it lies in."""
    from lineal.catalog.catalog import Catalog

    if not settings.store:
        Path(settings.data).mkdir(parents=True, exist_ok=True)
    return Catalog.open(settings.store_url, blobs=settings.blobs_url, direct_files=settings.direct_files)


class Server:
    """Serves one store over HTTP.

    Args:
        settings: how. Nothing happens before `start`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = ""
        self.grpc_port: int | None = None
        self._stopping = asyncio.Event()
        self._ended = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Open the store and listen; when this returns, requests are answered.

        Raises:
            Refused: it would be open to strangers, or the port is taken.
            LinealError: the store cannot be opened.
        """
        async with contextlib.AsyncExitStack() as stack:
            catalog = open_catalog(self.settings)
            stack.callback(catalog.close)
            check_exposure(self.settings, catalog)
            listener = _listen(self.settings)
            stack.callback(listener.close)
            app = build_app(catalog, self.settings)
            stack.callback(app.close)
            await self._listen_http(app, listener, stack)
            await self._listen_grpc(app, stack)
            _background(app.webhooks.run(), stack)
            stack.callback(app.quiesce)
            self._ended = stack.pop_all()
        self.url = _url(self.settings.host, listener.getsockname()[1])

    def request_stop(self) -> None:
        """Let `wait` return."""
        self._stopping.set()

    async def wait(self) -> None:
        """Until somebody asks it to stop."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """Finish running requests, then close the store."""
        self._stopping.set()
        await self._ended.aclose()

    async def _listen_grpc(self, app: App, stack: contextlib.AsyncExitStack) -> None:
        if self.settings.grpc_port is None:
            return
        from lineal.server.grpc import GrpcServer

        speaking: list[Any] = [door for door in load_doors(self.settings.doors) if hasattr(door, "rpcs")]
        server = GrpcServer(app, speaking, self.settings)
        await server.start()
        stack.push_async_callback(server.stop)
        self.grpc_port = server.port

    async def _listen_http(self, app: App, listener: socket.socket, stack: contextlib.AsyncExitStack) -> None:
        from lineal.server.connection import HttpServer

        server = HttpServer(app, self.settings)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listener])
        ticking = asyncio.create_task(server.main_loop())

        async def end() -> None:
            server.should_exit = True
            await ticking
            await server.shutdown(sockets=[listener])

        stack.push_async_callback(end)


def check_exposure(settings: Settings, catalog: Catalog) -> None:
    """Refuse to let strangers in: without an account only this machine may be served."""
    if catalog.accounts.exist() or (settings.loopback and settings.accounts == "auto"):
        return
    raise Refused(
        f"{settings.host} is not served without an account, for whoever reaches it could read and change"
        f" everything. Make one with `lineal user add NAME --admin --data {settings.data}`,"
        " or serve 127.0.0.1"
    )


def _listen(settings: Settings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        address = (settings.host.strip("[]"), settings.port)
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise Refused(f"cannot listen on {where}: {error.strerror or error}") from error


def _background(work: Coroutine[None, None, None], stack: contextlib.AsyncExitStack) -> None:
    """Run a coroutine until the stack unwinds."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)


def _url(host: str, port: int) -> str:
    named = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{named}:{port}"
