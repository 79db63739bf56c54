"""Each operation of the native API: what was asked → the session → the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec

from lineal.catalog.session import Session
from lineal.catalog.values import Decision, Event, Grant, User
from lineal.catalog.webhooks import Delivery
from lineal.graph.change import AtRevision, Change, Commit, Expect
from lineal.graph.errors import Conflict, Invalid, Unavailable
from lineal.graph.mlflow.registry import alias_ref, move_alias, version_ref
from lineal.graph.model import ById, Entity, Point
from lineal.graph.names import parse_ref
from lineal.graph.query import Labelled, Lineage, Page, Part, Query, Walk, all_of, attribute
from lineal.protocols.base import COOKIE, Call, Reply, cookie_of, download, json_reply
from lineal.protocols.native import wire
from lineal.protocols.native.asked import Asked
from lineal.protocols.native.translate import check_depth, read_number, worded, worded_point

MOST = 10_000
"""Entities in a page."""

SIGNED_IN_SECONDS = 30 * 86_400

_FACETS = ["kind", "namespace", "owner", "label"]
_PARTS: tuple[Part, ...] = ("properties", "labels", "facets", "metrics", "external")
_STREAM_HEADERS = (("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"))


async def commit(asked: Asked[None, Change]) -> Commit:
    """Apply operations together or not at all."""
    return await asked.session.submit(asked.body)


def entity(asked: Asked[wire.EntityParameters, None]) -> wire.Neighbourhood:
    """One entity, with the parts asked for; or as it was at a moment."""
    if asked.query.as_of is not None:
        return wire.Neighbourhood(asked.session.as_of(asked.ref, asked.query.as_of))
    parts, with_edges = _parts(asked.query.parts)
    found = asked.session.get(asked.ref, parts)
    worded([found])
    return _with_edges(asked.session, found) if with_edges else wire.Neighbourhood(found)


def find(asked: Asked[None, Query]) -> Page:
    """Entities that match a query, ordered and paged."""
    return _page(asked.session, _checked(asked.body))


def rows(asked: Asked[None, wire.Rows]) -> Page:
    """The same with only the properties and metrics that a table shows."""
    wanted = asked.body
    others = [part for part in wanted.query.parts if part not in ("properties", "metrics")]
    parts: list[Part] = [*others, *(["properties"] if wanted.properties else [])]  # type: ignore[list-item]
    parts += ["metrics"] if wanted.metrics else []
    page = _page(asked.session, msgspec.structs.replace(_checked(wanted.query), parts=parts))
    whole = {key for key in wanted.properties if not key.endswith("*")}
    starts = tuple(key[:-1] for key in wanted.properties if key.endswith("*"))
    metrics = frozenset(wanted.metrics)
    for found in page.entities:
        shown = found.properties.items()
        found.properties = {key: value for key, value in shown if key in whole or key.startswith(starts)}
        found.metrics = {key: point for key, point in found.metrics.items() if key in metrics}
    return page


def search(asked: Asked[wire.SearchParameters, None]) -> Page:
    """Entities by words, best first, with counts by kind, namespace, owner and label."""
    wanted = asked.query
    where = all_of(
        attribute("namespace", "=", wanted.namespace) if wanted.namespace is not None else None,
        attribute("owner", "=", wanted.owner) if wanted.owner is not None else None,
        Labelled(wanted.label) if wanted.label is not None else None,
    )
    query = Query(
        kinds=wanted.kind,
        where=where,
        text=wanted.q,
        limit=wanted.limit,
        cursor=wanted.cursor,
        parts=["properties", "labels"],
        facets=_FACETS,
        count=True,
    )
    return _page(asked.session, query)


def suggest(asked: Asked[wire.SuggestParameters, None]) -> wire.Suggestions:
    """Entities whose words begin so."""
    return wire.Suggestions(asked.session.suggest(asked.query.q, asked.query.limit))


def counts(asked: Asked[None, None]) -> wire.Counts:
    """Active entities by kind."""
    return wire.Counts(asked.session.counts())


def lineage(asked: Asked[wire.LineageParameters, None]) -> Lineage:
    """What an entity came from and what was made of it."""
    wanted = asked.query
    walk = Walk(asked.ref, wanted.direction, wanted.depth, wanted.kind, wanted.edge, wanted.limit)
    return asked.session.lineage(walk)


def history(asked: Asked[wire.HistoryParameters, None]) -> wire.Events:
    """What was done to an entity, newest first."""
    return wire.Events(asked.session.history(asked.ref, asked.query.limit))


def latest_points(asked: Asked[None, None]) -> wire.LatestPoints:
    """The latest point of each of an entity's metrics."""
    found = asked.session.get(asked.ref, ("metrics",))
    worded([found])
    return wire.LatestPoints(found.metrics)


def series(asked: Asked[wire.SeriesParameters, None]) -> wire.Points:
    """The points of one metric."""
    wanted = asked.query
    steps = None
    if wanted.from_step is not None or wanted.to_step is not None:
        first = -(2**63) if wanted.from_step is None else wanted.from_step
        steps = (first, 2**63 - 1 if wanted.to_step is None else wanted.to_step)
    found = asked.session.series(
        asked.ref,
        asked.named("key"),
        limit=wanted.limit,
        offset=wanted.offset,
        steps=steps,
        buckets=wanted.buckets,
    )
    return wire.Points([worded_point(point) for point in found])


def many_series(asked: Asked[None, wire.ManySeries]) -> wire.SeriesFound:
    """The points of several metrics of several entities, downsampled."""
    session, wanted = asked.session, asked.body
    found = [session.look_up(parse_ref(ref), ()) for ref in dict.fromkeys(wanted.refs)]
    pairs = [(each.id, key) for each in found if each is not None for key in wanted.keys]
    series = [
        wire.OneSeries(number, key, _sampled(session, number, key, wanted.buckets)) for number, key in pairs
    ]
    return wire.SeriesFound([each for each in series if each.points])


def _sampled(session: Session, number: int, key: str, buckets: int) -> list[Point]:
    return [worded_point(point) for point in session.series(ById(number), key, buckets=buckets)]


def set_alias(asked: Asked[None, wire.NewAlias]) -> Commit:
    """Let an alias of a model lead to another version, or to none, and keep the reason."""
    session, alias, wanted = asked.session, asked.named("alias"), asked.body
    model = session.get(asked.ref, ("properties",))
    if model.kind != "model":
        raise Invalid(f"a {model.kind} has no aliases; name a model")
    version = session.get(version_ref(model, wanted.version), ()) if wanted.version is not None else None
    node = session.look_up(alias_ref(model, alias), ())
    before = session.edges([node.id], ("deployed_as",), "in") if node is not None else []
    unchanged = Expect(ById(model.id), AtRevision(model.revision))
    moved = move_alias(model, alias, version, wanted.version, before)
    return session.commit(Change([unchanged, *moved], wanted.reason))


def spans(asked: Asked[None, None]) -> wire.Spans:
    """The steps of a trace; none of anything else."""
    number = asked.session.get(asked.ref, ()).id
    return wire.Spans(asked.session.spans([number]).get(number, []))


def records(asked: Asked[wire.RecordsParameters, None]) -> wire.Records:
    """A page of the rows that are kept with a data set."""
    wanted = asked.query
    return wire.Records(asked.session.records(asked.ref, after=wanted.after, limit=wanted.limit))


def why(asked: Asked[wire.WhyParameters, None]) -> wire.Paths | Decision:
    """Why an entity bears a label, or why somebody may act on it."""
    wanted = asked.query
    if (wanted.label is None) == (wanted.principal is None):
        raise Invalid("ask either why a `label` or why a `principal`")
    if wanted.label is not None:
        return wire.Paths(asked.session.why_label(asked.ref, wanted.label))
    return asked.session.why_access(asked.ref, wanted.principal or "", wanted.role)


def files(asked: Asked[wire.FilesParameters, None]) -> wire.Files:
    """Entries of a folder among an entity's files."""
    listed = asked.session.folder(asked.ref).list(asked.query.path)
    return wire.Files([wire.File(*each) for each in listed])


def read_file(asked: Asked[None, None]) -> Reply:
    """One of an entity's files, or a byte range of it."""
    folder = asked.session.folder(asked.ref)
    return download(folder, asked.named("path"), asked.call.headers.get("range"))


async def write_file(asked: Asked[None, None]) -> wire.File:
    """Write one of an entity's files."""
    stream, path = asked.call.stream, asked.named("path")
    if stream is None:
        raise Unavailable("only a server answers this")
    folder = await asyncio.to_thread(asked.session.folder, asked.ref, write=True)
    return wire.File(path, False, await folder.write(path, stream))


def delete_file(asked: Asked[None, None]) -> None:
    """Remove one of an entity's files or folders."""
    asked.session.folder(asked.ref, write=True).delete(asked.named("path"))


def changes(asked: Asked[wire.ChangesParameters, None]) -> wire.Changes:
    """What was done since a commit, oldest first."""
    # Read before the events: what arrives between the two is seen next time.
    newest = asked.session.newest()
    found = asked.session.changes(asked.query.since, asked.query.limit)
    return wire.Changes(found, found[-1].commit if found else max(newest, asked.query.since))


async def feed(asked: Asked[wire.FeedParameters, None]) -> Reply:
    """Changes as they happen, as server-sent events."""
    resumed = asked.call.headers.get("last-event-id", "")
    since = asked.query.since
    if resumed:
        since = read_number(resumed)
    if since is None:
        since = await asyncio.to_thread(asked.session.newest)
    events = asked.host.follow(asked.session, since)
    return Reply(200, b"", "text/event-stream", _STREAM_HEADERS, _messages(events))


def types(asked: Asked[None, None]) -> wire.Definitions:
    """Every kind, edge kind, struct, enum and classification."""
    return wire.Definitions(asked.session.types().all())


def me(asked: Asked[None, None]) -> wire.Me:
    """Who the caller is."""
    accounts = asked.session.catalog.accounts
    who = asked.session.principal
    return wire.Me(who.name, who.everything, accounts.exist(), accounts.is_admin(asked.session))


async def sign_in(asked: Asked[None, wire.SignIn]) -> Reply:
    """Exchange a name and password for a token, which is also set as a cookie."""
    principal = await asked.host.sign_in(asked.body.name, asked.body.password, asked.call.client)
    catalog = asked.session.catalog
    session = catalog.session(principal, asked.session.door)
    expires = _now() + SIGNED_IN_SECONDS * 1000
    add = catalog.accounts.add_token
    _, secret = await asyncio.to_thread(add, session, principal.name, "sign-in", expires)
    cookie = _cookie(secret, SIGNED_IN_SECONDS, asked.host.secure)
    return json_reply(wire.SignedIn(secret, expires))._replace(headers=[cookie])


def sign_out(asked: Asked[None, None]) -> Reply:
    """Make the token worthless and remove the cookie."""
    secret = _secret(asked.call)
    catalog = asked.session.catalog
    principal = catalog.accounts.verify_token(secret) if secret else None
    if principal is not None:
        catalog.accounts.revoke_secret(catalog.session(principal, asked.session.door), secret)
        asked.host.forget()
    return Reply(204, b"", headers=[_cookie("", 0, asked.host.secure)])


def users(asked: Asked[None, None]) -> wire.Users:
    """Users and groups."""
    return wire.Users(asked.session.catalog.accounts.users(asked.session))


def add_user(asked: Asked[None, wire.NewUser]) -> User:
    """Add a user or a group. The first user becomes an owner of the store."""
    accounts, wanted = asked.session.catalog.accounts, asked.body
    first = not accounts.exist()
    if first and wanted.category == "group":
        raise Conflict("the first account must be a user's")
    owner = first or wanted.admin
    user = accounts.add_user(asked.session, wanted.name, wanted.password, wanted.category, owner=owner)
    asked.host.forget()
    return user


def remove_user(asked: Asked[None, None]) -> None:
    """Remove a user or group with its tokens and grants."""
    asked.session.catalog.accounts.remove_user(asked.session, asked.named("name"))
    asked.host.forget()


def set_password(asked: Asked[None, wire.NewPassword]) -> None:
    """Change a password."""
    asked.session.catalog.accounts.set_password(asked.session, asked.named("name"), asked.body.password)
    asked.host.forget()


def tokens(asked: Asked[None, None]) -> wire.Tokens:
    """A user's tokens, without their secrets."""
    return wire.Tokens(asked.session.catalog.accounts.tokens(asked.session, asked.named("name")))


def add_token(asked: Asked[None, wire.NewToken]) -> wire.MadeToken:
    """Make a token; only this answer holds its secret."""
    accounts, wanted = asked.session.catalog.accounts, asked.body
    token, secret = accounts.add_token(asked.session, asked.named("name"), wanted.name, wanted.expires)
    return wire.MadeToken(**msgspec.structs.asdict(token), secret=secret)


def remove_token(asked: Asked[None, None]) -> None:
    """Revoke a token."""
    asked.session.catalog.accounts.remove_token(asked.session, read_number(asked.named("id")))
    asked.host.forget()


def grants(asked: Asked[None, None]) -> wire.Grants:
    """Who may do what."""
    return wire.Grants(asked.session.catalog.accounts.grants(asked.session))


def add_grant(asked: Asked[None, wire.NewGrant]) -> Grant:
    """Allow or forbid something."""
    grant = Grant(0, **msgspec.structs.asdict(asked.body))
    return asked.session.catalog.accounts.add_grant(asked.session, grant)


def remove_grant(asked: Asked[None, None]) -> None:
    """Take a grant back."""
    asked.session.catalog.accounts.remove_grant(asked.session, read_number(asked.named("id")))


def add_member(asked: Asked[None, wire.NewMember]) -> None:
    """Put a user into a group."""
    asked.session.catalog.accounts.add_member(asked.session, asked.body.user, asked.named("name"))


def remove_member(asked: Asked[None, None]) -> None:
    """Take a user out of a group."""
    accounts = asked.session.catalog.accounts
    accounts.remove_member(asked.session, asked.named("user"), asked.named("name"))


def webhooks(asked: Asked[None, None]) -> wire.Webhooks:
    """Addresses that are told of changes."""
    return wire.Webhooks(asked.host.webhooks.all(asked.session))


def add_webhook(asked: Asked[None, wire.NewWebhook]) -> wire.MadeWebhook:
    """Tell an address of changes from now on; only this answer holds the secret."""
    wanted = asked.body
    add = asked.host.webhooks.add
    webhook, secret = add(asked.session, wanted.url, wanted.kinds, wanted.actions, wanted.secret)
    return wire.MadeWebhook(**msgspec.structs.asdict(webhook), secret=secret)


def remove_webhook(asked: Asked[None, None]) -> None:
    """Tell an address no more."""
    asked.host.webhooks.remove(asked.session, read_number(asked.named("id")))


def deliveries(asked: Asked[None, None]) -> wire.Deliveries:
    """What was and is to be delivered to a webhook, newest first."""
    return wire.Deliveries(asked.host.webhooks.deliveries(asked.session, read_number(asked.named("id"))))


def test_webhook(asked: Asked[None, None]) -> Delivery:
    """Send a webhook an empty delivery now."""
    return asked.host.webhooks.test(asked.session, read_number(asked.named("id")))


def _parts(text: str) -> tuple[list[Part], bool]:
    """The parts asked for, and whether edges are among them."""
    asked = {each.strip() for each in text.split(",")} - {""}
    unknown = sorted(asked - {*_PARTS, "edges"})
    if unknown:
        raise Invalid(f"unknown part {unknown[0]!r}; there are {', '.join(_PARTS)} and edges")
    return [part for part in _PARTS if part in asked], "edges" in asked


def _with_edges(session: Session, found: Entity) -> wire.Neighbourhood:
    edges = session.edges([found.id])
    others = sorted({end for edge in edges for end in (edge.source, edge.target)} - {found.id})
    return wire.Neighbourhood(found, edges, session.get_many(others, ()))


def _checked(query: Query) -> Query:
    if not 1 <= query.limit <= MOST:
        raise Invalid(f"limit must be from 1 to {MOST}")
    check_depth(query.where)
    return query


def _page(session: Session, query: Query) -> Page:
    page = session.find(query)
    worded(page.entities)
    return page


async def _messages(batches: AsyncIterator[list[Event]]) -> AsyncIterator[bytes]:
    """Server-sent events. A commit's last event bears its id, so that resuming never skips half a commit."""
    yield b"retry: 2000\n\n"
    async for events in batches:
        if not events:
            yield b": still here\n\n"
            continue
        following = [*[event.commit for event in events[1:]], None]
        pairs = zip(events, following, strict=True)
        yield b"".join(_message(event, event.commit != after) for event, after in pairs)


def _message(event: Event, last_of_commit: bool) -> bytes:
    number = b"id: %d\n" % event.commit if last_of_commit else b""
    return b"%sevent: change\ndata: %s\n\n" % (number, msgspec.json.encode(event))


def _cookie(secret: str, seconds: int, secure: bool) -> tuple[str, str]:
    more = "; Secure" if secure else ""
    return "Set-Cookie", f"{COOKIE}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{more}"


def _secret(call: Call) -> str:
    """The token that came along, as a header or in the cookie."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else cookie_of(call.headers.get("cookie", ""))


def _now() -> int:
    return time.time_ns() // 1_000_000
