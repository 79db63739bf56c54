"""A real server on a free port, in a thread."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lineal.server.app import Server
from lineal.server.settings import Settings

Running = tuple[str, asyncio.AbstractEventLoop, Server]


@contextmanager
def serving(data: Path, **more: Any) -> Iterator[str]:
    """Serve a data folder through the native door, while the block runs; gives the server's URL."""
    settings = Settings(data=str(data), **({"port": 0, "doors": ("native",)} | more))
    started: queue.SimpleQueue[Running | BaseException] = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(settings, started)), daemon=True)
    thread.start()
    running = started.get()
    if isinstance(running, BaseException):
        raise running
    url, loop, server = running
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(server.request_stop)
        thread.join(20)


async def _serve(settings: Settings, started: queue.SimpleQueue[Running | BaseException]) -> None:
    server = Server(settings)
    try:
        await server.start()
    except BaseException as error:
        started.put(error)
        return
    started.put((server.url, asyncio.get_running_loop(), server))
    await server.wait()
    await server.stop()
