"""A load generator that costs little: one thread, many kept-alive connections, requests encoded beforehand.

Each connection sends a request, waits for the whole answer and sends the next (a closed loop).
"""

import gc
import selectors
import socket
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

Client = Generator[bytes, bytes, None]
"""What one connection does: it yields requests, ready for the wire, and is sent the bodies of the answers."""


def request(
    method: str, path: str, body: bytes = b"", content_type: str = "application/json", **headers: str
) -> bytes:
    """One HTTP request, ready for the wire. The names of further headers are written with underscores."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def repeat(message: bytes) -> Client:
    """A client that sends the same request for ever."""
    while True:
        yield message


@dataclass
class Load:
    """What came back. Answers that tell of no success count as errors and not as done."""

    done: int = 0
    errors: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    last_error: bytes = b""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.done / self.seconds

    def count(self, answer: bytes, latency: float) -> None:
        """Take note of one answer."""
        if answer.startswith(b"HTTP/1.1 2"):
            self.done += 1
            self.latencies.append(latency)
        else:
            self.errors += 1
            self.last_error = answer[:2000]


class Connection:
    """One socket, the client that speaks through it, and the answer it is waiting for."""

    def __init__(self, port: int, client: Client) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._client = client
        self._send(next(client))

    def _send(self, message: bytes) -> None:
        self._answer = bytearray()
        self._body = self._end = 0
        self._sent_at = time.perf_counter()
        self.socket.sendall(message)

    def receive(self) -> bool:
        """Take what has arrived; true when the answer is whole."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed a kept-alive connection")
        self._answer += part
        if not self._end:
            self._read_head()
        return 0 < self._end <= len(self._answer)

    def _read_head(self) -> None:
        self._body = self._answer.find(b"\r\n\r\n") + 4
        if self._body < 4:
            return
        head = bytes(self._answer[: self._body]).lower()
        start = head.find(b"content-length:")
        if start < 0 and head.startswith(b"http/1.1 204"):
            self._end = self._body
            return
        if start < 0:
            raise ValueError(f"an answer without a length: {head!r}")
        self._end = self._body + int(head[start + 15 : head.find(b"\r\n", start)])

    def proceed(self, load: Load, until: float) -> bool:
        """Count the answer and send the next request; false when time is up or the client has finished."""
        now = time.perf_counter()
        answer = bytes(self._answer)
        load.count(answer, now - self._sent_at)
        if now > until:
            return False
        try:
            message = self._client.send(answer[self._body :])
        except StopIteration:
            return False
        self._send(message)
        return True


def drive(port: int, clients: Sequence[Client], seconds: float = float("inf")) -> Load:
    """Run each client over a connection of its own until the time is up or the clients have finished."""
    load = Load()
    waiting = selectors.DefaultSelector()
    gc.disable()
    try:
        start = time.perf_counter()
        for client in clients:
            connection = Connection(port, client)
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
        while waiting.get_map():
            for key, _ in waiting.select():
                if key.data.receive() and not key.data.proceed(load, start + seconds):
                    waiting.unregister(key.data.socket)
                    key.data.socket.close()
        load.seconds = time.perf_counter() - start
    finally:
        gc.enable()
        waiting.close()
    return load
