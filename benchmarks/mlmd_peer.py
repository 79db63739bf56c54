"""ML Metadata's own store, served over gRPC. Run by ML Metadata's own Python, it imports nothing here.

The official server is a binary that no package holds. The wheel holds the same C++ store, which is put behind
grpcio here: the bytes of each request are handed to it, and its bytes handed back. One store is kept open, which is
faster than the official server, which opens one for each call.
"""

import sys
import threading
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped, unused-ignore]
from ml_metadata.metadata_store.pywrap.metadata_store_extension import (  # type: ignore[import-not-found, unused-ignore]
    metadata_store as extension,
)
from ml_metadata.proto import metadata_store_pb2 as messages  # type: ignore[import-not-found, unused-ignore]

THREADS = 16
CODES = {code.value[0]: code for code in grpc.StatusCode}


class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc, unused-ignore]
    """Every call that the store knows."""

    def __init__(self, path: str) -> None:
        config = messages.ConnectionConfig()
        config.sqlite.filename_uri = path
        config.sqlite.connection_mode = messages.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        options = messages.MigrationOptions().SerializeToString()
        self._store = extension.CreateMetadataStore(config.SerializeToString(), options)
        self._lock = threading.Lock()

    def service(self, details: Any) -> Any:
        """The call of this name."""
        call = getattr(extension, details.method.rpartition("/")[2])

        def answer(body: bytes, context: Any) -> bytes:
            with self._lock:
                result, text, code = call(self._store, body)
            if code:
                context.abort(CODES[code], str(text))
            answered: bytes = result
            return answered

        return grpc.unary_unary_rpc_method_handler(answer)


def main(port: str, path: str) -> None:
    """Serve until killed."""
    server = grpc.server(futures.ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers((Handlers(path),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
