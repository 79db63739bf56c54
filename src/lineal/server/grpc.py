"""gRPC beside HTTP: the same doors, the same sign-in, in the same process.

Who calls is known by the metadata `authorization` (a bearer token, or a name and password), or by the name in a
client's certificate. A client that can send nothing of its own can say for whom it works by the name it calls the
server by: `team-a.lineal.example` means the workspace `team-a`.
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lineal.catalog.values import Principal
from lineal.graph.errors import LinealError, Unauthenticated, Unavailable
from lineal.protocols import tenants
from lineal.protocols.base import Rpc, RpcCall, RpcDoor
from lineal.server import logs
from lineal.server.http import RawHeaders
from lineal.server.settings import Settings

if TYPE_CHECKING:
    from lineal.server.asgi import App

_THREADS = 16
"""As many calls wait at once for their change to be durable; what waits together is committed together."""
_INTERNAL = 13


class GrpcMissing(LinealError):
    """The extra for gRPC is not installed."""


class _Served(NamedTuple):
    door: RpcDoor
    rpc: Rpc


class GrpcServer:
    """Serves the calls of all doors that speak gRPC, each in a thread of its own until its change is durable.

    Args:
        app: the application that serves HTTP; it knows who signs in.
        doors: those that speak gRPC.
        settings: where and how.
    """

    def __init__(self, app: App, doors: Sequence[RpcDoor], settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._served = {rpc.path: _Served(door, rpc) for door in doors for rpc in door.rpcs()}
        self._loop = asyncio.get_running_loop()
        self._server: Any = None
        self.port = 0

    async def start(self) -> None:
        """Listen.

        Raises:
            GrpcMissing: grpcio is not installed.
            Unavailable: the port is taken.
        """
        try:
            import grpc
        except ImportError as error:
            raise GrpcMissing("gRPC needs an extra: pip install 'lineal[grpc]'") from error
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", self._settings.max_body),
            ("grpc.max_send_message_length", -1),
        ]
        self._server = grpc.server(ThreadPoolExecutor(_THREADS, "lineal-grpc"), options=options)
        self._server.add_generic_rpc_handlers((_handlers(self._served, self._answer),))
        address = f"{self._settings.host}:{self._settings.grpc_port}"
        credentials = _credentials(self._settings)
        try:
            if credentials is None:
                self.port = self._server.add_insecure_port(address)
            else:
                self.port = self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise Unavailable(f"cannot listen on {address}: {error}") from error
        self._server.start()

    async def stop(self) -> None:
        """Finish running calls."""
        await asyncio.to_thread(self._server.stop(self._settings.stop_after).wait)

    def _answer(self, served: _Served, body: bytes, context: Any) -> bytes:
        try:
            session = self._app.catalog.session(self._principal(context), served.door.name)
            return served.rpc.handler(RpcCall(tenants.narrow(session, _authority(context)), body))
        except Exception as error:
            status = served.door.status(error)
            if status.code == _INTERNAL:
                logs.failed(error, uuid.uuid4().hex, f"{served.door.name} {served.rpc.path}")
        context.abort(_codes()[status.code], status.message)
        raise AssertionError("abort raises")

    def _principal(self, context: Any) -> Principal:
        sent = dict(context.invocation_metadata())
        headers = {b"authorization": _bytes(sent["authorization"])} if "authorization" in sent else {}
        name = _certified(context) if self._settings.grpc_client_authority and not headers else ""
        if not name:
            known = self._app.remembered(headers)
            # The event loop is asked only about credentials that have to be looked up.
            return known if known is not None else self._sign_in(headers, context.peer())
        found = self._app.catalog.accounts.named(name)
        if found is None:
            raise Unauthenticated("the certificate's name is no account here")
        return found

    def _sign_in(self, headers: RawHeaders, peer: str) -> Principal:
        signing_in = self._app.principal(headers, peer)
        return asyncio.run_coroutine_threadsafe(signing_in, self._loop).result()


def _handlers(served: Mapping[str, _Served], answer: Any) -> Any:
    import grpc

    made = {
        path: grpc.unary_unary_rpc_method_handler(functools.partial(answer, each))
        for path, each in served.items()
    }

    class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return made.get(details.method)

    return Handlers()


@functools.cache
def _codes() -> dict[int, Any]:
    import grpc

    return {code.value[0]: code for code in grpc.StatusCode}


def _credentials(settings: Settings) -> Any:
    """TLS, when there is a certificate; a client needs one of its own when there is an authority for those."""
    if not settings.grpc_certificate:
        return None
    import grpc

    pair = (Path(settings.grpc_key).read_bytes(), Path(settings.grpc_certificate).read_bytes())
    if not settings.grpc_client_authority:
        return grpc.ssl_server_credentials([pair])
    authority = Path(settings.grpc_client_authority).read_bytes()
    return grpc.ssl_server_credentials([pair], root_certificates=authority, require_client_auth=True)


def _certified(context: Any) -> str:
    """The common name in the client's certificate, which the listed authority has signed."""
    names = context.auth_context().get("x509_common_name", [])
    return names[0].decode() if names else ""


def _authority(context: Any) -> str:
    """The name by which the server was called. grpcio tells it nowhere in public."""
    details = getattr(getattr(context, "_rpc_event", None), "call_details", None)
    host = getattr(details, "host", b"")
    return host.decode("latin-1") if isinstance(host, bytes) else str(host)


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
