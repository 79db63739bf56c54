"""Serve until told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Callable
from types import FrameType

from lineal.server import logs
from lineal.server.app import Server
from lineal.server.settings import Settings

Started = Callable[[str], None]


def serve(settings: Settings, started: Started | None = None) -> None:
    """Serve one store until SIGINT or SIGTERM; running requests are finished first.

    Args:
        settings: how.
        started: called with the server's URL as soon as it answers.

    Raises:
        LinealError: the server cannot start with these settings; its words tell the way out.
    """
    logs.configure(settings.log_format, settings.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(Server(settings), started))


async def _serve(server: Server, started: Started | None) -> None:
    await server.start()
    _collect_less()
    grpc = {} if server.grpc_port is None else {"grpc_port": server.grpc_port}
    logs.LOGGER.info("serving", extra={"fields": {"url": server.url, **grpc}})
    _stop_on_signals(server)
    if started is not None:
        started(server.url)
    await server.wait()
    logs.LOGGER.info("stopping")
    await server.stop()


def _collect_less() -> None:
    """What lives as long as the server is never looked at again, and young garbage is looked for less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _stop_on_signals(server: Server) -> None:
    """The first signal stops in order; a second one is handled as if we were not here."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        for each, handler in former.items():
            signal.signal(each, handler)
        loop.call_soon_threadsafe(server.request_stop)

    for number in former:
        signal.signal(number, stop)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
