"""What goes over the wire: both ways that a request may go, and whatever else a client may send."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from tests.server.raw import Raw
from tests.server.test_server import Running

from lineal.protocols.base import Call, Door, Reply, Route, TooLarge
from lineal.server import app, connection
from lineal.server.connection import PATIENCE, Stage
from lineal.server.http import in_one_piece
from lineal.server.settings import Settings

TEXT = "text/plain"
LARGE = b"0123456789abcdef" * (1 << 16)
DASHED = "GET /t/now HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Echo:
    """Answers with what it was sent, and remembers it."""

    name = "test"

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.going = 0
        self.started = threading.Event()
        self.let_go = threading.Event()

    def routes(self) -> Sequence[Route]:
        async def waits(call: Call) -> Reply:
            return self._echo(call)

        return [
            Route("POST", "/t/waits", waits),
            Route("POST", "/t/pooled", self._echo),
            Route("POST", "/t/inline", self._echo, inline=True),
            Route("POST", "/t/named/{name}", self._echo),
            Route("GET", "/t/now", lambda call: Reply(200, b"now", TEXT), inline=True),
            Route("GET", "/t/large", lambda call: Reply(200, LARGE, TEXT)),
            Route("POST", "/t/nothing", lambda call: Reply(204)),
            Route("POST", "/t/held", self._held),
            Route("GET", "/t/stream", self._stream),
            Route("PUT", "/t/upload", self._upload, streams=True),
        ]

    def failure(self, error: Exception, call: Call | None) -> Reply:
        return Reply(413 if isinstance(error, TooLarge) else 500, type(error).__name__.encode(), TEXT)

    def _echo(self, call: Call) -> Reply:
        self.seen.append(call.body)
        return Reply(200, call.query.encode() or call.body, TEXT, [("X-Client", call.client)])

    async def _held(self, call: Call) -> Reply:
        self.started.set()
        while not self.let_go.is_set():
            await asyncio.sleep(0.01)
        return self._echo(call)

    def _stream(self, call: Call) -> Reply:
        async def pieces() -> AsyncIterator[bytes]:
            self.going += 1
            try:
                for number in range(int(call.query)):
                    yield b"%d\n" % number
                    await asyncio.sleep(0.02)
            finally:
                self.going -= 1

        return Reply(200, b"", TEXT, stream=pieces())

    async def _upload(self, call: Call) -> Reply:
        assert call.stream is not None
        size = 0
        async for piece in call.stream:
            size += len(piece)
        return Reply(200, b"%d" % size, TEXT)


@pytest.fixture
def door() -> Echo:
    return Echo()


@pytest.fixture
def url(settings: Settings, door: Echo, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    doors: list[Door] = [door, *app.load_doors(["native"])]
    monkeypatch.setattr(app, "load_doors", lambda names: doors)
    running = Running(settings)
    yield running.url
    door.let_go.set()
    running.stop()


def eventually(condition: object, seconds: float = 5.0) -> bool:
    """Whether a condition, something to call, comes true in time."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


WAYS = ["/t/waits", "/t/pooled", "/t/inline", "/t/named/x"]


class TestAnswers:
    @pytest.mark.parametrize("path", WAYS)
    def test_many_requests_over_one_connection(self, url: str, path: str) -> None:
        with Raw(url) as raw:
            for number in range(5):
                answer = raw.ask("POST", path, b"%d" % number)
                assert (answer.status, answer.body) == (200, b"%d" % number)
                assert answer.headers["x-client"] == "127.0.0.1"

    def test_headers_are_the_same_on_both_ways(self, url: str) -> None:
        with Raw(url) as raw:
            short, long = (raw.ask("POST", path, b"x") for path in ("/t/waits", "/t/named/x"))
        assert short.headers == long.headers
        assert short.headers["date"].endswith(" GMT")
        assert short.headers["content-type"] == TEXT
        assert short.headers["x-content-type-options"] == "nosniff"
        assert "server" not in short.headers

    @pytest.mark.parametrize("path", WAYS)
    def test_whatever_the_pieces_it_arrives_in(self, url: str, path: str) -> None:
        with Raw(url) as raw:
            for byte in raw.request("POST", f"{path}?a=%20b", b"body"):
                raw.send(bytes([byte]))
            assert raw.answer().body == b"a=%20b"

    def test_answers_come_in_the_order_of_the_requests(self, url: str, door: Echo) -> None:
        with Raw(url) as raw:
            paths = [*WAYS, "/t/inline", "/t/inline", "/t/nothing"] * 20
            raw.send(*(raw.request("POST", path, b"%d" % number) for number, path in enumerate(paths)))
            for number, path in enumerate(paths):
                answer = raw.answer()
                wanted = (204, b"") if path == "/t/nothing" else (200, b"%d" % number)
                assert (answer.status, answer.body) == wanted
        assert len(door.seen) == 20 * (len(WAYS) + 2)

    def test_who_asks_much_at_once_does_not_hold_up_others(self, url: str) -> None:
        with Raw(url) as greedy, Raw(url) as modest:
            greedy.send(greedy.request("POST", "/t/inline", b"x") * 2000)
            assert modest.ask("POST", "/t/inline", b"y").body == b"y"
            assert all(greedy.answer().body == b"x" for _ in range(2000))

    def test_a_head_has_no_body_and_the_next_request_follows(self, url: str) -> None:
        with Raw(url) as raw:
            answer = raw.ask("HEAD", "/t/now")
            assert (answer.status, answer.headers["content-length"]) == (200, "3")
            assert raw.ask("GET", "/t/now").body == b"now"

    def test_no_content(self, url: str) -> None:
        with Raw(url) as raw:
            answer = raw.ask("POST", "/t/nothing", b"x")
            assert answer.status == 204
            assert answer.headers.keys() == {"date"}
            assert raw.ask("GET", "/t/now").body == b"now"

    def test_a_stream_from_a_fixed_path(self, url: str) -> None:
        with Raw(url) as raw:
            raw.send(raw.request("GET", "/t/stream?3") + raw.request("GET", "/t/now"))
            head = raw._until(b"\r\n\r\n")
            assert b"transfer-encoding: chunked" in head
            assert raw._until(b"0\r\n\r\n") == b"2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n"
            assert raw.answer().body == b"now"

    def test_http_1_0_is_answered_once(self, url: str) -> None:
        for headers in ("", "Connection: keep-alive\r\n"):
            with Raw(url) as raw:
                raw.send(f"POST /t/waits HTTP/1.0\r\n{headers}Content-Length: 1\r\n\r\nx".encode())
                answer = raw.answer()
                assert (answer.body, answer.headers["connection"]) == (b"x", "close")
                assert raw.closed()

    @pytest.mark.parametrize("path", WAYS)
    def test_nothing_is_done_after_the_last_answer(self, url: str, door: Echo, path: str) -> None:
        with Raw(url) as raw:
            raw.send(
                raw.request("POST", path, b"last", "Connection: close"), raw.request("POST", path, b"more")
            )
            answer = raw.answer()
            assert (answer.body, answer.headers["connection"]) == (b"last", "close")
            assert raw.closed()
        assert door.seen == [b"last"]

    @pytest.mark.parametrize("path", WAYS)
    def test_who_waits_for_leave_gets_it(self, url: str, path: str) -> None:
        with Raw(url) as raw:
            head, body = raw.request("POST", path, b"body", "Expect: 100-continue").split(b"body")
            raw.send(head)
            assert raw.answer().status == 100
            raw.send(b"body", body)
            assert raw.answer().body == b"body"

    def test_a_wish_for_a_websocket_is_not_heard(self, url: str) -> None:
        upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
        with Raw(url) as raw:
            assert raw.ask("GET", "/t/now", b"", *upgrade).body == b"now"


class TestBodies:
    @pytest.mark.parametrize("path", WAYS)
    def test_of_every_size(self, url: str, path: str) -> None:
        body = bytes(range(256)) * 12_000
        with Raw(url) as raw:
            for size in (0, 1, connection.SHORT_BODY, connection.SHORT_BODY + 1, len(body), 1):
                assert raw.ask("POST", path, body[:size]).body == body[:size]

    @pytest.mark.parametrize("path", WAYS)
    def test_in_chunks(self, url: str, path: str) -> None:
        with Raw(url) as raw:
            head = raw.request("POST", path, b"", "Transfer-Encoding: chunked")
            raw.send(head, b"3;name=value\r\nabc\r\n", b"A\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n")
            assert raw.answer().body == b"abc0123456789"
            assert raw.ask("POST", path, b"next").body == b"next"

    @pytest.mark.parametrize("path", WAYS)
    def test_larger_than_is_taken_in_at_once(self, url: str, door: Echo, path: str) -> None:
        with Raw(url) as raw:
            raw.send(
                f"POST {path} HTTP/1.1\r\nHost: {raw.host}\r\nContent-Length: {33 << 20}\r\n\r\n".encode()
            )
            assert raw.answer().status == 413
        assert door.seen == []

    def test_an_upload_is_not_limited(self, url: str) -> None:
        with Raw(url) as raw:
            assert raw.ask("PUT", "/t/upload", LARGE * 40).body == b"%d" % (40 * len(LARGE))

    def test_answers_wait_for_a_client_that_does_not_read(self, url: str) -> None:
        with Raw(url) as raw:
            raw.send(raw.request("GET", "/t/large") * 30)
            time.sleep(0.3)
            for _ in range(30):
                assert raw.answer().body == LARGE


SMUGGLED = [
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
    "Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc",
    "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "Content-Length: 3, 3\r\n\r\nabc",
    "Content-Length: +3\r\n\r\nabc",
    "Content-Length: -3\r\n\r\nabc",
    "Content-Length: 0x3\r\n\r\nabc",
    "Content-Length: 3 3\r\n\r\nabc",
    "Content-Length: 99999999999999999999\r\n\r\nabc",
    "Content-Length : 3\r\n\r\nabc",
    "Content-Length: \r\n\r\n",
    " Content-Length: 3\r\n\r\nabc",
    "X: a\r\n folded\r\n\r\n",
    "X: a\0b\r\n\r\n",
    "X: a\rContent-Length: 3\r\n\r\nabc",
    "No colon\r\n\r\n",
    ": no name\r\n\r\n",
]

NO_HTTP = [
    "GET /t/now HTTP/9.9",
    "GET  HTTP/1.1",
    "/t/now HTTP/1.1",
    "GET /t /now HTTP/1.1",
    "\x16\x03\x01\x02",
    "PRI * HTTP/2.0",
]


class TestRefusals:
    @pytest.mark.parametrize("path", WAYS)
    def test_ambiguous_requests(self, url: str, door: Echo, path: str) -> None:
        for rest in SMUGGLED:
            with Raw(url) as raw:
                first = f"POST {path} HTTP/1.1\r\nHost: {raw.host}\r\n{rest}"
                raw.send(first.encode("latin-1"), raw.request("POST", "/t/inline", b"smuggled"))
                assert raw.answer().status == 400, rest
                assert raw.closed()
        assert b"smuggled" not in door.seen

    def test_what_is_no_http(self, url: str) -> None:
        for line in NO_HTTP:
            with Raw(url) as raw:
                raw.send(f"{line}\r\nHost: {raw.host}\r\n\r\n".encode("latin-1"))
                assert raw.answer().status == 400, line
                assert raw.closed()

    def test_a_refusal_is_not_taken_for_the_answer_to_another_request(self, url: str, door: Echo) -> None:
        with Raw(url) as raw:
            raw.send(raw.request("POST", "/t/held", b"x") + b"nonsense\r\n\r\n")
            assert raw.closed()

    def test_a_head_without_end(self, url: str) -> None:
        with Raw(url) as raw:
            raw.send(f"GET /t/now HTTP/1.1\r\nHost: {raw.host}\r\nX: ".encode())
            with pytest.raises((ConnectionError, AssertionError)):
                for _ in range(100):
                    raw.send(b"x" * 10_000)
                    time.sleep(0.005)
                raise AssertionError("it is still listening")

    def test_a_head_that_is_just_right(self, url: str) -> None:
        with Raw(url) as raw:
            assert raw.ask("GET", "/t/now", b"", "X: " + "x" * 50_000).body == b"now"

    def test_bodies_do_not_count_as_heads(self, url: str) -> None:
        with Raw(url) as raw:
            for _ in range(5):
                raw.send(raw.request("POST", "/t/waits", b"x" * 500_000), b"GET /t/now")
                assert len(raw.answer().body) == 500_000
                raw.send(f" HTTP/1.1\r\nHost: {raw.host}\r\n\r\n".encode())
                assert raw.answer().body == b"now"

    def test_a_header_of_ours_starts_no_other(self) -> None:
        sent = in_one_piece(b"", Reply(headers=[("X-Name", "a\r\nSet-Cookie: evil\0")]))
        assert sent.split(b"\r\n")[2] == b"x-name: a  Set-Cookie: evil "

    def test_what_may_have_no_body_has_none(self) -> None:
        assert in_one_piece(b"", Reply(304, b"body", headers=[("ETag", "x")])) == b"etag: x\r\n\r\n"


class TestPatience:
    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for stage in PATIENCE:
            monkeypatch.setitem(PATIENCE, stage, 0.5)

    @pytest.mark.parametrize(
        "begun",
        [b"", b"GET /t/n", DASHED[:-2].encode(), b"POST /t/waits HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
         b"POST /t/named/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab",
         b"POST /t/waits HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"],
        ids=["nothing", "a line", "a head", "a body", "a body, long way", "a chunk"],
    )  # fmt: skip
    def test_half_a_request(self, url: str, door: Echo, begun: bytes) -> None:
        with Raw(url) as raw:
            raw.send(begun)
            started = time.monotonic()
            assert raw.closed()
            assert 0.3 < time.monotonic() - started < 4
        assert door.seen == []

    def test_a_head_in_drops(self, url: str) -> None:
        """Each byte is in time, the whole head is not."""
        started = time.monotonic()
        with Raw(url) as raw, pytest.raises(ConnectionError):
            for byte in DASHED.encode() * 100:
                raw.send(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - started < 4

    def test_a_body_in_drops(self, url: str) -> None:
        """It may take as long as it likes, as long as it goes on."""
        with Raw(url) as raw:
            raw.send(raw.request("POST", "/t/waits", b"x" * 30)[:-30])
            for _ in range(30):
                time.sleep(0.1)
                raw.send(b"x")
            assert raw.answer().body == b"x" * 30

    def test_an_answer_may_take_long(self, url: str, door: Echo) -> None:
        with Raw(url) as raw:
            raw.send(raw.request("POST", "/t/held", b"x"))
            time.sleep(2)
            door.let_go.set()
            assert raw.answer().body == b"x"

    def test_between_requests(self, url: str) -> None:
        with Raw(url) as raw:
            assert raw.ask("GET", "/t/now").body == b"now"
            assert raw.closed()


class TestDisconnects:
    @pytest.mark.parametrize("path", WAYS)
    def test_in_the_middle_of_a_body(
        self, url: str, door: Echo, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(10):
            with Raw(url) as raw:
                raw.send(raw.request("POST", path, b"x" * 100)[:-50])
                time.sleep(0.01)
        with Raw(url) as raw:
            assert raw.ask("GET", "/t/now").body == b"now"
        assert door.seen == []
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []

    def test_what_has_begun_is_done(self, url: str, door: Echo, caplog: pytest.LogCaptureFixture) -> None:
        with Raw(url) as raw:
            raw.send(raw.request("POST", "/t/held", b"x"))
            assert door.started.wait(5)
        time.sleep(0.2)
        door.let_go.set()
        assert eventually(lambda: door.seen == [b"x"])
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []

    @pytest.mark.parametrize("more", [False, True])
    def test_a_stream_ends_when_nobody_reads_it(self, url: str, door: Echo, more: bool) -> None:
        with Raw(url) as raw:
            raw.send(raw.request("GET", "/t/stream?1000000"), raw.request("GET", "/t/now") if more else b"")
            raw.line()
            assert eventually(lambda: door.going == 1)
        assert eventually(lambda: door.going == 0)


def test_it_stops_when_the_last_request_is_answered(
    settings: Settings, door: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "load_doors", lambda names: [door])
    running = Running(settings)
    with Raw(running.url) as held, Raw(running.url) as half, Raw(running.url) as idle:
        held.send(held.request("POST", "/t/held", b"x"))
        request = half.request("POST", "/t/waits", b"12345678")
        half.send(request[:-4])
        assert idle.ask("GET", "/t/now").body == b"now"
        assert door.started.wait(5)
        stopping = threading.Thread(target=running.stop)
        stopping.start()
        assert idle.closed()
        half.send(request[-4:])
        answer = half.answer()
        assert (answer.body, answer.headers["connection"]) == (b"12345678", "close")
        door.let_go.set()
        answer = held.answer()
        assert (answer.body, answer.headers["connection"]) == (b"x", "close")
        stopping.join()


def test_every_stage_but_ours_has_an_end() -> None:
    assert PATIENCE.keys() == set(Stage) - {Stage.ANSWER}
