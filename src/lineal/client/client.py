"""The client: the native API as typed methods."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from lineal.catalog.values import Decision, Event, LabelPath, Role
from lineal.client.accounts import Accounts
from lineal.client.address import Address, as_ref, as_segment
from lineal.client.connection import Connection, credentials
from lineal.client.feed import follow
from lineal.client.questions import Questions
from lineal.client.same_as import SameNames
from lineal.client.transport import Body, open_transport
from lineal.client.webhooks import Webhooks
from lineal.client.wire import (
    Definitions,
    Events,
    File,
    Files,
    LatestPoints,
    Neighbourhood,
    Paths,
    Points,
    Records,
    Spans,
    Suggestions,
    encode,
)
from lineal.graph.change import (
    AppendPoints,
    Change,
    Commit,
    Expect,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    Remove,
)
from lineal.graph.model import DEFAULT_NAMESPACE, ByName, ByUuid, Entity, Point, Properties, Record, Span
from lineal.graph.query import Lineage, Page, Part, Query
from lineal.graph.types import AnyDef

DEFAULT_TARGET = "http://127.0.0.1:5000"


class Client(Questions, SameNames):
    """One way to a Lineal store, safe to share between threads.

    Every method raises the errors of `lineal.graph.errors`: NotFound, Invalid, Conflict (and its
    ExpectationFailed), Denied, Unauthenticated, Unavailable. What one may not see is NotFound. Calls that may
    be repeated without harm are tried again while the server is away.

    An `Address` is an `Entity`, a ref, an integer id, or a text such as `mlflow.run:0123abc`.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
        user: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
        retries: int = 3,
        blobs: str = "",
    ) -> None:
        """Say where the store is; nothing is sent yet.

        Args:
            target: `http(s)://HOST:PORT`, or a data folder, or the URL of a store (`postgresql://…`), to work on
                in-process. Default: the environment's LINEAL_URL, else http://127.0.0.1:5000.
            token: sent as a bearer token. Default: the environment's LINEAL_TOKEN.
            user, password: sent instead of a token when given.
            timeout: seconds to wait for the server.
            retries: how often a repeatable call is tried again.
            blobs: in-process, where files are kept, if not in the data folder: a folder or `s3://…`.

        Raises:
            Invalid: the target is a URL of another kind.
        """
        where = os.fspath(target) if target is not None else os.environ.get("LINEAL_URL", DEFAULT_TARGET)
        transport = open_transport(where, timeout, retries, blobs)
        self._connection = Connection(transport, credentials(token, user, password))
        self.accounts = Accounts(self._connection)
        """Users, groups, tokens and grants."""
        self.webhooks = Webhooks(self._connection)
        """Addresses that are told of changes."""

    @property
    def target(self) -> str:
        """The URL or folder."""
        return self._connection.transport.target

    # Writing

    def commit(self, change: Change) -> Commit:
        """Apply operations together or not at all; when this returns the change is durable."""
        body = encode(change)
        return self._connection.post("/changes", Commit, body, repeatable=_repeatable(change))

    def put(
        self,
        kind: str,
        name: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        properties: Properties | None = None,
        home: Address | None = None,
        **more: Any,
    ) -> Entity:
        """Create the entity of this kind and name, or change the one that is there.

        Args:
            kind, name, namespace: its identity; a subkind's entity of that name is the same one.
            properties: merged into what is there; None as a value removes the key.
            home: the entity that contains it.
            more: further fields of `PutEntity`: owner, started, ended, external …
        """
        address = ByName(kind, name, namespace)
        inside = as_ref(home) if home is not None else None
        put = PutEntity(address, kind=kind, properties=properties or {}, home=inside, **more)
        return self.get(ByUuid(self.commit(Change([put])).uuids[0]))

    def link(
        self, source: Address, kind: str, target: Address, detail: dict[str, Any] | None = None
    ) -> Commit:
        """Relate two entities; for lineage kinds (`input`, `output`, `derived` …) the source is upstream."""
        return self.commit(Change([PutEdge(kind, as_ref(source), as_ref(target), detail or {})]))

    def label(
        self,
        address: Address,
        name: str,
        category: Literal["classification", "tag", "term"] = "classification",
        **attributes: Any,
    ) -> Commit:
        """Put a label on an entity. A classification flows on along its lineage at once."""
        return self.commit(Change([PutLabel(as_ref(address), name, category, attributes)]))

    def describe(self, address: Address, facet: str, document: Any, producer: str = "") -> Commit:
        """Set the named document of an entity; None removes it."""
        return self.commit(Change([PutFacet(as_ref(address), facet, document, producer)]))

    def log(self, address: Address, metrics: Mapping[str, float], step: int = 0) -> Commit:
        """Add one value to each of these metrics, measured now."""
        now = time.time_ns() // 1_000_000
        points = [Point(key, float(value), now, step) for key, value in metrics.items()]
        return self.commit(Change([AppendPoints(as_ref(address), points)]))

    def remove(self, address: Address, *, hard: bool = False, cascade: bool = False) -> Commit:
        """Take an entity away: softly, so that it can be restored, or for good.

        Args:
            address: of the entity.
            hard: for good, its history excepted.
            cascade: with everything it contains.
        """
        return self.commit(Change([Remove(as_ref(address), hard=hard, cascade=cascade)]))

    # Reading

    def get(
        self, address: Address, parts: Sequence[Part] = ("properties", "metrics", "labels", "external")
    ) -> Entity:
        """One entity, softly deleted ones included."""
        return self._connection.get(_at(address), Neighbourhood, {"parts": ",".join(parts)}).entity

    def as_of(self, address: Address, at: int) -> Entity:
        """The entity as it was at a moment (ms since the epoch); NotFound when it did not exist then."""
        return self._connection.get(_at(address), Neighbourhood, {"as_of": at}).entity

    def around(self, address: Address) -> Neighbourhood:
        """One entity with every part, its edges, and what stands at their other ends."""
        return self._connection.get(
            _at(address), Neighbourhood, {"parts": "properties,metrics,labels,facets,external,edges"}
        )

    def find(self, query: Query) -> Page:
        """A page of entities that match, ordered."""
        return self._connection.post("/find", Page, query, repeatable=True)

    def find_all(self, query: Query) -> Iterator[Entity]:
        """Every entity that matches, page by page."""
        while True:
            page = self.find(query)
            yield from page.entities
            if page.cursor is None:
                return
            query = msgspec.structs.replace(query, cursor=page.cursor)

    def search(
        self,
        text: str = "",
        *,
        kinds: Sequence[str] = (),
        namespace: str | None = None,
        owner: str | None = None,
        label: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page:
        """Entities by words, best first, with totals by kind, namespace, owner and label."""
        narrowing = {"namespace": namespace, "owner": owner, "label": label, "cursor": cursor}
        return self._connection.get(
            "/entities", Page, {"q": text, "kind": kinds, "limit": limit, **narrowing}
        )

    def suggest(self, text: str, limit: int = 8) -> list[Entity]:
        """Entities whose words begin like this, for a type-ahead."""
        return self._connection.get("/suggest", Suggestions, {"q": text, "limit": limit}).entities

    def lineage(
        self,
        address: Address,
        *,
        direction: Literal["up", "down", "both"] = "both",
        depth: int | None = None,
        kinds: Sequence[str] = (),
        edges: Sequence[str] = (),
        limit: int = 300,
    ) -> Lineage:
        """What an entity came from (`up`) and what was made of it (`down`).

        Args:
            address: where to start.
            direction: up, down or both.
            depth: edges at most; None for all.
            kinds: return only nodes of these kinds, though the walk goes through all.
            edges: kinds of edges to follow; all of lineage when empty.
            limit: nodes at most; `truncated` tells when there were more.
        """
        asked = {"direction": direction, "depth": depth, "kind": kinds, "edge": edges, "limit": limit}
        return self._connection.get(f"/lineage/{as_segment(address)}", Lineage, asked)

    def history(self, address: Address, limit: int = 100) -> list[Event]:
        """What was done to an entity, newest first."""
        return self._connection.get(f"{_at(address)}/history", Events, {"limit": limit}).events

    def metrics(self, address: Address) -> dict[str, Point]:
        """The latest point of each of an entity's metrics."""
        return self._connection.get(f"{_at(address)}/series", LatestPoints).series

    def series(
        self,
        address: Address,
        key: str,
        *,
        buckets: int | None = None,
        limit: int | None = None,
        offset: int = 0,
        steps: tuple[int, int] | None = None,
    ) -> list[Point]:
        """The points of one metric, ordered by time and step; [] for an unknown key.

        Args:
            address: of the entity.
            key: of the metric.
            buckets: downsample to the least and greatest of this many stretches of steps.
            limit, offset: a page of them.
            steps: the first and last step wanted.
        """
        first, last = steps or (None, None)
        asked = {"buckets": buckets, "limit": limit, "offset": offset or None}
        asked |= {"from_step": first, "to_step": last}
        return self._connection.get(f"{_at(address)}/series/{quote(key, safe='')}", Points, asked).points

    def spans(self, address: Address) -> list[Span]:
        """The steps of a trace, those without a parent first, then by start."""
        return self._connection.get(f"{_at(address)}/spans", Spans).spans

    def records(self, address: Address) -> Iterator[Record]:
        """All rows that are kept with a data set, in the order in which they came."""
        after = 0
        while found := self._connection.get(f"{_at(address)}/records", Records, {"after": after}).records:
            yield from found
            after = found[-1].id

    def changes(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """The history of everything visible after commit `since`, oldest first."""
        return self._connection.get("/changes", Events, {"since": since, "limit": limit}).events

    def feed(self, since: int | None = None) -> Iterator[Event]:
        """Changes as they happen, without end and across interruptions; first those after commit `since`."""
        return follow(self._connection, since)

    def types(self) -> list[AnyDef]:
        """Every kind, edge kind, struct, enum and classification there is."""
        return self._connection.get("/types", Definitions).definitions

    def counts(self) -> dict[str, int]:
        """Active entities by kind."""
        return self._connection.get("/counts", dict[str, dict[str, int]])["kinds"]

    def why_label(self, address: Address, label: str) -> list[LabelPath]:
        """How a label came to an entity, one way for each place where it was put."""
        return self._connection.get(f"{_at(address)}/why", Paths, {"label": label}).paths

    def why_access(self, address: Address, principal: str, role: Role = "viewer") -> Decision:
        """Why somebody may or may not act in this role on an entity; of others only an admin may ask."""
        return self._connection.get(f"{_at(address)}/why", Decision, {"principal": principal, "role": role})

    def me(self) -> dict[str, Any]:
        """Who the server takes us for: `principal`, and whether one sees `everything` and has `accounts`."""
        return self._connection.get("/me", dict[str, Any])

    # Bytes

    def files(self, address: Address, path: str = "") -> list[File]:
        """Entries of a folder among an entity's files."""
        return self._connection.get(f"{_at(address)}/files", Files, {"path": path}).files

    def upload(self, address: Address, path: str, source: bytes | str | os.PathLike[str]) -> None:
        """Write one of an entity's files: these bytes, or the content of this local file."""
        if isinstance(source, bytes):
            self._put_file(address, path, source)
        else:
            with open(source, "rb") as file:
                self._put_file(address, path, file)

    def download(self, address: Address, path: str, target: str | os.PathLike[str]) -> Path:
        """Copy one of an entity's files to a local file, which appears only when it is complete."""
        destination = Path(target)
        part = destination.with_name(destination.name + ".part")
        try:
            with part.open("wb") as file:
                for piece in self.read(address, path):
                    file.write(piece)
            return part.replace(destination)
        finally:
            part.unlink(missing_ok=True)

    def read(self, address: Address, path: str) -> Iterator[bytes]:
        """One of an entity's files, in pieces."""
        return self._connection.stream(_file(address, path))

    def delete_file(self, address: Address, path: str) -> None:
        """Remove one of an entity's files or folders; nothing happens when it is not there."""
        self._connection.send("DELETE", _file(address, path))

    # The rest

    def close(self) -> None:
        """Give back connections, or the store that was opened in-process."""
        self._connection.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put_file(self, address: Address, path: str, body: Body) -> None:
        kind = "application/octet-stream"
        self._connection.send("PUT", _file(address, path), body=body, content_type=kind)

    def __repr__(self) -> str:
        return f"Client({self.target!r})"


def _repeatable(change: Change) -> bool:
    """Whether applying a change again alters nothing: nothing anonymous is made, nothing is expected."""
    return not any(
        isinstance(each, Expect) or (isinstance(each, PutEntity) and each.ref is None)
        for each in change.operations
    )


def _at(address: Address) -> str:
    return f"/entities/{as_segment(address)}"


def _file(address: Address, path: str) -> str:
    return f"{_at(address)}/files/{quote(path)}"
