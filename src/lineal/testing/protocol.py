"""How a door treats a stranger: whoever may see nothing is told nothing.

A door is tested by a subclass that fills a store and says how each operation is asked about it::

    class TestMine(ProtocolSuite):
        doors = ("mine",)
        telling = 12

        def fill(self, served: Served) -> Stored:
            made = served.owner.json("POST", "/mine/things", body={"name": "zorblax"})
            return Stored({"zorblax"}, {"id": [made["id"]]})

        def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
            for path in paths(route, stored):
                yield Request(route.method, path, body={"rename_to": "other"})

The words of the graph are those that `fill` answers, and every uuid and outside id that it left in the store.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote, unquote, urlencode

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.query import Query
from lineal.protocols.base import Route
from lineal.server.app import build_app, load_doors
from lineal.server.asgi import App
from lineal.server.settings import Settings

OWNER, STRANGER = "owner", "stranger"
_STREAM_SECONDS = 0.5
_SHORTEST = 8
_MOST_PATHS = 12


class Request(NamedTuple):
    """What is sent. A `body` of bytes goes as it is, any other as JSON."""

    method: str
    path: str
    query: Mapping[str, Any] = {}
    body: Any = None
    headers: Mapping[str, str] = {}

    def text(self) -> str:
        """All that the request says, to tell an echo from a leak."""
        body = self.body.decode(errors="replace") if isinstance(self.body, bytes) else json.dumps(self.body)
        return f"{unquote(self.path)} {json.dumps(dict(self.query))} {body}".lower()


class Answer(NamedTuple):
    """What came back; of an endless answer, what came within half a second."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    @property
    def broken(self) -> bool:
        """Whether the server failed; to say that something is not served is no failure."""
        return self.status >= 500 and self.status != 501

    def text(self) -> str:
        """Headers and body."""
        named = b"\n".join(name + b": " + value for name, value in self.headers)
        return (named + b"\n\n" + self.body).decode(errors="replace").lower()


class Stored(NamedTuple):
    """What a store was filled with.

    Attributes:
        words: unusual ones out of names, properties, labels and whatever else there is.
        values: what may stand in a variable of a path, by the variable's name.
    """

    words: set[str]
    values: Mapping[str, Sequence[str]]


class Caller:
    """Sends requests with one token to an application, without a socket."""

    def __init__(self, app: App, runner: asyncio.Runner, token: str) -> None:
        self._app = app
        self._runner = runner
        self._token = token

    def send(self, request: Request) -> Answer:
        """The answer, whatever its status."""
        return self._runner.run(self._send(request))

    def json(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of a successful answer."""
        answer = self.send(Request(method, path, **more))
        assert 200 <= answer.status < 300, answer
        return json.loads(answer.body) if answer.body else None

    async def _send(self, request: Request) -> Answer:
        exchange = _Exchange(_encoded(request.body))
        scope = _scope(request, self._token, len(exchange.body))
        await self._app(scope, exchange.receive, exchange.send)
        return Answer(exchange.status, exchange.headers, bytes(exchange.answered))


class _Exchange:
    """The server's side of one request and its answer."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.answered = bytearray()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await asyncio.sleep(_STREAM_SECONDS)
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message["headers"])
        else:
            self.answered += message.get("body", b"")


class Served(NamedTuple):
    """A server without a socket, and its store."""

    catalog: Catalog
    app: App
    runner: asyncio.Runner

    @property
    def session(self) -> Session:
        """Sees everything."""
        return self.catalog.session(LOCAL, "test")

    @property
    def owner(self) -> Caller:
        """Calls as who may do everything."""
        return self.caller(OWNER)

    def caller(self, name: str) -> Caller:
        """Calls as an account, with a token of its own."""
        _, secret = self.catalog.accounts.add_token(self.session, name, "test")
        return Caller(self.app, self.runner, secret)


class ProtocolSuite:
    """Tests of every operation that a door serves.

    Attributes:
        doors: names of the doors that are served; the first is the one under test.
        telling: how many operations at least tell the owner a word of the graph; what they are asked is else
            too far from what is stored for the stranger's silence to mean anything.
        answering: how many operations at least do what the owner asks.
    """

    doors: ClassVar[tuple[str, ...]]
    telling: ClassVar[int]
    answering: ClassVar[int]

    @abstractmethod
    def fill(self, served: Served) -> Stored:
        """Put one of everything into the store, through the door wherever it can be."""

    @abstractmethod
    def requests(self, route: Route, stored: Stored) -> Iterable[Request]:
        """Well-formed requests of an operation that are about what is stored."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """The URL of an empty store."""
        return f"sqlite:///{tmp_path}/lineal.db?synchronous=normal"

    @pytest.fixture
    def served(self, url: str, tmp_path: Path) -> Iterator[Served]:
        """A server with an owner, and with an account that was granted nothing."""
        catalog = Catalog.open(url, blobs=str(tmp_path / "files"))
        settings = Settings(doors=self.doors, accounts="required", allow_private_webhooks=True)
        app = build_app(catalog, settings)
        local = catalog.session(LOCAL, "test")
        for name in (OWNER, STRANGER):
            catalog.accounts.add_user(local, name, "a long password")
        catalog.accounts.add_grant(local, Grant(0, OWNER, "owner", "store"))
        with asyncio.Runner() as runner:
            yield Served(catalog, app, runner)
            app.close()
        catalog.close()

    @pytest.fixture
    def stored(self, served: Served) -> Stored:
        """A store with one of everything."""
        found = self.fill(served)
        return Stored(found.words | _addresses(served.session), found.values)

    def test_every_operation_is_asked(self, stored: Stored) -> None:
        silent = [
            (route.method, route.path) for route in self.routes() if not [*self.requests(route, stored)]
        ]
        assert silent == []

    def test_a_stranger_is_told_nothing_and_changes_nothing(self, served: Served, stored: Stored) -> None:
        before = served.session.newest()
        told = []
        for route, request, answer in self._asked(served, stored, STRANGER):
            leaked = words_told(request, answer, stored.words)
            if leaked or answer.broken or (answer.status == 401 and not route.public):
                told.append((request, leaked, answer))
        assert told == []
        assert served.session.changes(before) == []

    def test_an_owner_is_answered_and_told(self, served: Served, stored: Stored) -> None:
        telling, answered, failed = set(), set(), []
        for route, request, answer in self._asked(served, stored, OWNER):
            operation = route.method, route.path
            if words_told(request, answer, stored.words):
                telling.add(operation)
            if answer.status < 300:
                answered.add(operation)
            if answer.broken:
                failed.append((request, answer))
        assert failed == []
        assert len(answered) >= self.answering, sorted(answered)
        assert len(telling) >= self.telling, sorted(telling)

    def routes(self) -> list[Route]:
        """Every operation of the door, those that take away last."""
        return sorted(load_doors(self.doors)[0].routes(), key=lambda route: route.method == "DELETE")

    def _asked(self, served: Served, stored: Stored, who: str) -> Iterator[tuple[Route, Request, Answer]]:
        caller = served.caller(who)
        for route in self.routes():
            # What is public may make its token worthless.
            used = served.caller(who) if route.public else caller
            for request in self.requests(route, stored):
                yield route, request, used.send(request)


def paths(route: Route, stored: Stored) -> list[str]:
    """Paths of an operation with what is stored in the place of its variables."""
    names = [each[1:-1] for each in route.path.split("/") if each.startswith("{")]
    choices = [stored.values[name.removesuffix(":path")] for name in names]
    found = []
    for values in itertools.islice(itertools.product(*choices), _MOST_PATHS):
        path = route.path
        for name, value in zip(names, values, strict=True):
            path = path.replace(f"{{{name}}}", quote(value, safe="/" if name.endswith(":path") else ""))
        found.append(path)
    return found


def words_told(request: Request, answer: Answer, words: Iterable[str]) -> set[str]:
    """Words that an answer holds and the request did not."""
    asked, answered = request.text(), answer.text()
    return {word for word in words if word.lower() in answered and word.lower() not in asked}


def _addresses(session: Session) -> set[str]:
    """Every uuid and outside id, short ones excepted, which prove nothing."""
    page = session.find(Query(state="all", limit=10_000, parts=["external"]))
    outside = {each.id for entity in page.entities for each in entity.external}
    return {entity.uuid for entity in page.entities} | {each for each in outside if len(each) >= _SHORTEST}


def _encoded(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _scope(request: Request, token: str, length: int) -> dict[str, Any]:
    headers = {"host": "localhost", "authorization": f"Bearer {token}"}
    if request.body is not None:
        headers |= {"content-type": "application/json", "content-length": str(length)}
    named = {**headers, **request.headers}
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": urlencode(request.query, doseq=True).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 5000),
    }
