"""Whoever was granted nothing is told nothing: every method of a session, and every read of accounts."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from tests.catalog.conftest import MakeUser

from lineal.catalog.accounts import Accounts
from lineal.catalog.catalog import NOBODY, Catalog
from lineal.catalog.rendered import Rendering
from lineal.catalog.session import Session
from lineal.catalog.trail import Trail
from lineal.catalog.values import Event, Grant
from lineal.graph.change import (
    Absent,
    AppendPoints,
    AtRevision,
    Change,
    Expect,
    Present,
    PropertyIn,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutRecords,
    PutSpans,
    Remove,
    TheEdge,
    TheExternal,
    TheLabel,
    ThePoints,
    UnsetOrEqual,
)
from lineal.graph.errors import LinealError
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid, External, Local, Point, Span
from lineal.graph.query import (
    Attribute,
    Compare,
    Labelled,
    Not,
    Order,
    Property,
    Query,
    Related,
    Summary,
    Walk,
    attribute,
)

WORDS = {
    "zorblax", "vexillard", "quindle", "mizzlewort", "plonkery", "grobsnap", "fravity", "snorkbert", "hufflet",
    "krindlewax", "oblivate", "tranquix", "wibblestone", "jamborax", "pellimock", "drizzenba", "yondermist",
}  # fmt: skip
"""Each stands for one place in which text is kept."""

Ask = Callable[[Session, AnyRef], Any]
PARTS = ("properties", "metrics", "facets", "labels", "external")
FACETS = ["kind", "namespace", "owner", "label"]


class Filled:
    """A graph with a word in every place that holds text, and every address of one of its entities."""

    def __init__(self, catalog: Catalog, owner: Session) -> None:
        self.catalog = catalog
        put = PutEntity(
            kind="dataset", namespace="vexillard", name="zorblax", unique=True, owner="snorkbert", handle="s",
            properties={"quindle": "mizzlewort"}, external=[External("erp", "grobsnap")],
        )  # fmt: skip
        operations = [
            put,
            PutEntity(kind="run", name="hufflet", handle="r", home=Local("s")),
            PutEdge("input", Local("s"), Local("r"), {"sql": "krindlewax"}),
            PutFacet(Local("s"), "notes", {"text": "plonkery"}),
            PutLabel(Local("s"), "oblivate", attributes={"level": "tranquix"}),
            AppendPoints(Local("s"), [Point("wibblestone", 1.0, 1, 1)]),
            PutRecords(Local("s"), {"quindle": {"text": "plonkery"}}),
            PutEntity(kind="trace", name="hufflet", handle="t", home=Local("s")),
            PutSpans(Local("t"), [Span("0" * 16, "krindlewax", 1)]),
        ]
        made = owner.commit(Change(operations, "jamborax"))
        owner.commit(Change([PutEntity(ById(made.entities[0]), properties={"quindle": "pellimock"})]))
        self.id, self.run, self.trace = made.entities
        self.words = WORDS | set(made.uuids)
        self.refs: list[AnyRef] = [
            ById(self.id),
            ByUuid(made.uuids[0]),
            ByExternal("erp", "grobsnap"),
            ByName("dataset", "zorblax", "vexillard"),
        ]
        asyncio.run(owner.folder(ById(self.id), write=True).write("fravity.txt", _stream()))
        for name, category in (("drizzenba", "user"), ("yondermist", "group")):
            catalog.accounts.add_user(owner, name, "a long password", category)
        catalog.accounts.add_member(owner, "drizzenba", "yondermist")
        catalog.accounts.add_grant(owner, Grant(0, "yondermist", "viewer", "namespace", "vexillard"))
        catalog.accounts.add_token(owner, "drizzenba", "jamborax")

    def told(self, text: str, ref: AnyRef) -> set[str]:
        """Words that an answer holds, but for those of the address it was asked by."""
        return {word for word in self.words if word in text and word not in str(ref).lower()}


async def _stream() -> Any:
    yield b"bytes"


@pytest.fixture
def filled(catalog: Catalog, session: Session) -> Filled:
    return Filled(catalog, session)


def changes(ref: AnyRef, other: AnyRef) -> Iterator[Change]:
    """Every operation and precondition, about an entity that is there."""
    for operation in (
        PutEntity(ref, properties={"a": 1}),
        PutEntity(ref, kind="artifact"),
        PutEntity(ref, state="deleted", cascade=True),
        PutEntity(kind="run", name="new", home=ref),
        PutEdge("derived", ref, other),
        PutEdge("derived", other, ref),
        PutFacet(ref, "notes", 1),
        PutLabel(ref, "a"),
        AppendPoints(ref, [Point("a", 1.0, 1, 1)]),
        Remove(ref, hard=True, cascade=True),
        Remove(ref, TheEdge("input", other)),
        Remove(ref, TheLabel("a")),
        Remove(ref, TheExternal("erp", "a")),
        Remove(ref, ThePoints("a")),
        *(Expect(ref, that) for that in (Absent(), Present(), AtRevision(9), UnsetOrEqual({"quindle": 1}))),
        Expect(ref, PropertyIn("quindle", [1])),
    ):
        yield Change([operation])


def queries() -> Iterator[Query]:
    """Ways of asking for what one does not know."""
    for state in ("active", "all"):
        yield Query(state=state, parts=list(PARTS), facets=FACETS, count=True)  # type: ignore[arg-type]
    for text in ("zorblx", "zor", "huf", "vexilard"):
        yield Query(text=text, count=True, facets=FACETS)
    for where in (
        Not(Labelled("none")),
        Related("input", "in"),
        Related("input", "out", attribute("kind", "=", "run")),
        Compare(Property("quindle"), "is not null"),
        Compare(Attribute("uuid"), "like", "%"),
    ):
        yield Query(where=where, facets=FACETS, count=True)
    yield Query(order=[Order(Property("quindle"))])


def writes(session: Session, ref: AnyRef) -> Iterator[Callable[[], Any]]:
    for change in changes(ref, ById(2)):
        yield lambda change=change: session.commit(change)


def submits(session: Session, ref: AnyRef) -> Iterator[Callable[[], Any]]:
    for change in changes(ref, ById(2)):
        yield lambda change=change: asyncio.run(session.submit(change))


SESSION: dict[str, Callable[[Session, AnyRef], Iterator[Callable[[], Any]]]] = {
    "commit": writes,
    "submit": submits,
    "get": lambda s, ref: iter([lambda: s.get(ref, PARTS)]),
    "look_up": lambda s, ref: iter([lambda: s.look_up(ref, PARTS), lambda: s.look_up(ref, active=True)]),
    "get_many": lambda s, ref: iter([lambda: s.get_many(range(1, 20), PARTS)]),
    "get_named": lambda s, ref: iter([lambda: [*s.get_named([ref] if isinstance(ref, ByName) else []).values()]]),
    "get_external": lambda s, ref: iter([lambda: s.get_external("erp", ["grobsnap"], PARTS)]),
    "newest_of": lambda s, ref: iter([lambda: s.newest_of(range(1, 20), "run", 3)]),
    "distinct": lambda s, ref: iter([
        lambda: s.distinct().namespaces("dataset"),
        lambda: s.distinct().values("quindle", 9),
        lambda: s.distinct().labels("classification"),
    ]),
    "in_namespaces": lambda s, ref: iter([lambda: s.in_namespaces("dataset", ["vexillard"], PARTS, limit=9)]),
    "recorded": lambda s, ref: iter([
        lambda: s.recorded(["entity"], None).rows(["text"]),
        lambda: s.recorded(["entity"], None).count(),
        lambda: s.recorded(["entity"], None).some(range(1, 20)),
    ]),
    "edges": lambda s, ref: iter([lambda way=way: s.edges([1, 2], direction=way) for way in ("in", "out", "both")]),
    "find": lambda s, ref: iter([lambda query=query: s.find(query) for query in queries()]),
    "suggest": lambda s, ref: iter([lambda text=text: s.suggest(text) for text in ("zor", "huf", "mizz")]),
    "counts": lambda s, ref: iter([s.counts]),
    "lineage": lambda s, ref: iter([lambda: s.lineage(Walk(ref))]),
    "trail": lambda s, ref: iter([lambda up=up: _followed(s.trail(ref), up) for up in (True, False)]),
    "series": lambda s, ref: iter([lambda: s.series(ref, "wibblestone")]),
    "records": lambda s, ref: iter([lambda: s.records(ref), lambda: s.records(ref, keys=["quindle"])]),
    "count_records": lambda s, ref: iter([lambda: s.count_records(ref)]),
    "spans": lambda s, ref: iter([lambda: s.spans(range(1, 20))]),
    "summarize": lambda s, ref: iter([lambda one=one: s.summarize(one) for one in SUMMARIES]),
    "render": lambda s, ref: iter(
        [lambda: [s.render(SHOWN, [(entity, None)]) for entity in s.get_many(range(1, 20), ())]]
    ),
    "incoming_part": lambda s, ref: iter([lambda: s.incoming_part("none", "1", "none")]),
    "history": lambda s, ref: iter([lambda: s.history(ref)]),
    "as_of": lambda s, ref: iter([lambda at=at: s.as_of(ref, at) for at in (0, 2**50)]),
    "as_of_event": lambda s, ref: iter([lambda: s.as_of_event(Event(1, 0, 0, "", "", "created", 1), ref)]),
    "changes": lambda s, ref: iter([lambda since=since: s.changes(since) for since in (0, 1)]),
    "newest": lambda s, ref: iter([s.newest]),
    # Definitions are schema, for whoever was granted anything.
    "types": lambda s, ref: iter([lambda: s.types().all()]),
    "why_label": lambda s, ref: iter([lambda: s.why_label(ref, "oblivate")]),
    "why_access": lambda s, ref: iter(
        [lambda who=who: s.why_access(ref, who) for who in ("drizzenba", "yondermist", "ann", "none")]
    ),
    "standing": lambda s, ref: iter([lambda who=who: s.standing(ref, who) for who in ("yondermist", "ann", "none")]),
    "standing_in": lambda s, ref: iter([lambda: s.standing_in("default", "run", "ann")]),
    "enters": lambda s, ref: iter([lambda name=name: s.enters(name) for name in ("default", "none")]),
    "workspaces": lambda s, ref: iter([s.workspaces]),
    "within": lambda s, ref: iter(
        [lambda name=name: s.within(name).get(ref, PARTS) for name in (None, "default", "vexillard")]
    ),
    "folder": lambda s, ref: iter([lambda write=write: s.folder(ref, write=write) for write in (False, True)]),
}  # fmt: skip
"""How each method of a session is asked."""


def _followed(trail: Trail, up: bool) -> list[Any]:
    """All that a trail tells, also of what one has not come to."""
    everything = range(1, 20)
    trail.enter(everything)
    ways = [trail.step(everything, ["input"], up=up, limit=100, ends=ends) for ends in ((), ("run",))]
    return [*ways, trail.enter(everything), trail.count(everything, ["input"], up=up)]


SUMMARIES = [
    Summary(kinds=["entity"], of="entities", by=[Attribute("name")]),
    Summary(kinds=["entity"], of="spans", by=[Attribute("name")]),
]
SHOWN: Rendering[None] = Rendering(["properties"], lambda entity, _: msgspec.json.encode(entity))

ACCOUNTS: dict[str, Callable[[Accounts, Session], Iterator[Callable[[], Any]]]] = {
    "exist": lambda a, s: iter([a.exist]),
    "named": lambda a, s: iter([lambda name=name: a.named(name) is None for name in ("drizzenba", "none")]),
    "users": lambda a, s: iter([lambda: a.users(s)]),
    "tokens": lambda a, s: iter([lambda name=name: a.tokens(s, name) for name in ("drizzenba", "ann", "none")]),
    "grants": lambda a, s: iter([lambda: a.grants(s)]),
    "is_admin": lambda a, s: iter([lambda: a.is_admin(s)]),
    "require_admin": lambda a, s: iter([lambda: a.require_admin(s)]),
    "verify_password": lambda a, s: iter([lambda: a.verify_password("drizzenba", "a wrong password")]),
    "verify_token": lambda a, s: iter([lambda: a.verify_token("lnl_none")]),
    "add_user": lambda a, s: iter([lambda name=name: a.add_user(s, name, "12345678") for name in ("new", "hufflet")]),
    "remove_user": lambda a, s: iter([lambda name=name: a.remove_user(s, name) for name in ("drizzenba", "none")]),
    "set_password": lambda a, s: iter([lambda: a.set_password(s, "drizzenba", "12345678")]),
    "add_member": lambda a, s: iter([lambda: a.add_member(s, "ann", "yondermist")]),
    "remove_member": lambda a, s: iter([lambda: a.remove_member(s, "drizzenba", "yondermist")]),
    "add_token": lambda a, s: iter([lambda: a.add_token(s, "drizzenba", "t")]),
    "remove_token": lambda a, s: iter([lambda number=number: a.remove_token(s, number) for number in (1, 99)]),
    "revoke_secret": lambda a, s: iter([lambda: a.revoke_secret(s, "lnl_none")]),
    "add_grant": lambda a, s: iter([lambda: a.add_grant(s, Grant(0, "ann", "viewer", "store"))]),
    "remove_grant": lambda a, s: iter([lambda number=number: a.remove_grant(s, number) for number in (1, 99)]),
    "change_grant": lambda a, s: iter(
        [lambda number=number: a.change_grant(s, number, "viewer", deny=True) for number in (1, 99)]
    ),
    "grants_on": lambda a, s: iter([lambda: a.grants_on(s, Grant(0, "ann", "viewer", "store"))]),
    "describe_group": lambda a, s: iter([lambda: a.describe_group(s, "ann", "other", "text")]),
    "admins": lambda a, s: iter([lambda: sorted(a.admins(s))]),
    "set_admin": lambda a, s: iter([lambda name=name: a.set_admin(s, name, admin=True) for name in ("ann", "none")]),
}  # fmt: skip
"""How each method of the accounts is asked."""

ECHOED = {
    "commit": {"quindle"}, "submit": {"quindle"}, "why_access": {"drizzenba", "yondermist"},
    "standing": {"yondermist"},
}  # fmt: skip
"""Words that a question holds itself, so that an error may repeat them."""


def public(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def answered(ask: Callable[[], Any]) -> str:
    """An answer or an error, as the text of all that it holds."""
    try:
        return _text(ask())
    except LinealError as error:
        return f"{error!r} {error} {vars(error)}".lower()


def _text(answer: Any) -> str:
    return msgspec.json.encode(answer, enc_hook=_shown).decode().lower()


def _shown(value: Any) -> Any:
    """A folder as its entries."""
    return value.list() if hasattr(value, "list") else repr(value)


def test_every_method_is_asked() -> None:
    assert SESSION.keys() == public(Session)
    assert ACCOUNTS.keys() == public(Accounts)


@pytest.mark.parametrize("signed_in", [True, False], ids=["stranger", "nobody"])
def test_no_method_of_a_session_tells_a_word(
    filled: Filled, user: MakeUser, session: Session, signed_in: bool
) -> None:
    stranger = user("ann") if signed_in else filled.catalog.session(NOBODY, "test")
    before = session.newest()
    for name, asks in SESSION.items():
        for ref in filled.refs:
            for ask in asks(stranger, ref):
                text = answered(ask)
                assert filled.told(text, ref) <= ECHOED.get(name, set()), (name, ref, text)
    assert session.newest() == before


def test_whoever_may_see_is_told(filled: Filled, session: Session) -> None:
    telling = {
        name
        for name, asks in SESSION.items()
        if name not in ("commit", "submit")
        for ref in filled.refs
        for ask in asks(session, ref)
        if filled.told(answered(ask), ref) - ECHOED.get(name, set())
    }
    assert telling >= {
        "get", "look_up", "get_many", "get_external", "get_named", "newest_of", "distinct", "in_namespaces",
        "recorded", "edges", "find", "suggest", "lineage", "trail",
        "history", "as_of", "changes", "folder",
    }  # fmt: skip


@pytest.mark.parametrize("signed_in", [True, False], ids=["stranger", "nobody"])
def test_no_method_of_the_accounts_tells_a_word(
    filled: Filled, user: MakeUser, session: Session, signed_in: bool
) -> None:
    stranger = user("ann") if signed_in else filled.catalog.session(NOBODY, "test")
    before = session.newest()
    for name, asks in ACCOUNTS.items():
        for ask in asks(filled.catalog.accounts, stranger):
            assert filled.told(answered(ask), ById(0)) == set(), name
    assert session.newest() == before


def test_what_stands_at_an_address_and_what_does_not_are_answered_alike(
    filled: Filled, user: MakeUser
) -> None:
    stranger = user("ann")
    there = {str(ref): answered(lambda ref=ref: stranger.get(ref)) for ref in filled.refs}
    nothing = answered(lambda: stranger.get(ById(10**6)))
    assert {text.replace(ref, "X") for ref, text in there.items()} == {nothing.replace(str(10**6), "X")}
