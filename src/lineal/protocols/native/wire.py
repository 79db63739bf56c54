"""Shapes of the native API that are not the graph's own: query parameters, bodies and envelopes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from lineal.catalog.values import Event, Grant, LabelPath, Role, Token, User
from lineal.catalog.webhooks import Delivery, Webhook
from lineal.graph.model import Edge, Entity, Point, Record, Span
from lineal.graph.query import Query
from lineal.graph.types import AnyDef
from lineal.insight.values import PRODUCTION, SameAsState

Long = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Natural = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Meta(ge=1, le=10_000)]
Buckets = Annotated[int, Meta(ge=1, le=100_000)]
Most = Annotated[int, Meta(ge=1, le=20_000)]
Few = Annotated[int, Meta(ge=1, le=100)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Secret = Annotated[str, Meta(min_length=1, max_length=1000)]


class Parameters(msgspec.Struct, forbid_unknown_fields=True):
    """Base of query parameters; a list is a parameter that may be repeated."""


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base of request bodies."""


class EntityParameters(Parameters):
    """What to bring along.

    Attributes:
        parts: comma-separated of properties, labels, facets, metrics, external, edges.
        as_of: show the entity as it was at this moment (ms since the epoch).
    """

    parts: str = "properties,labels,external"
    as_of: Long | None = None


class SearchParameters(Parameters):
    """Words and what to narrow by."""

    q: str = ""
    kind: list[str] = []
    namespace: str | None = None
    owner: str | None = None
    label: str | None = None
    limit: Limit = 20
    cursor: str | None = None


class SuggestParameters(Parameters):
    """The beginning of a word."""

    q: str = ""
    limit: Few = 8


class LineageParameters(Parameters):
    """How far to walk."""

    direction: Literal["up", "down", "both"] = "both"
    depth: Natural | None = None
    kind: list[str] = []
    edge: list[str] = []
    limit: Annotated[int, Meta(ge=1, le=200_000)] = 300


class HistoryParameters(Parameters):
    """How many events."""

    limit: Limit = 100


class RecordsParameters(Parameters):
    """Which records.

    Attributes:
        after: id of the last record of the page before.
    """

    after: Natural = 0
    limit: Limit = 1000


class SeriesParameters(Parameters):
    """Which points of a series."""

    buckets: Buckets | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    offset: Natural = 0
    from_step: Long | None = None
    to_step: Long | None = None


class WhyParameters(Parameters):
    """Either `label`, or `principal` with `role`."""

    label: str | None = None
    principal: str | None = None
    role: Role = "viewer"


class ReachParameters(Parameters):
    """Which page of all that is reached.

    Attributes:
        limit, offset: ties of a page.
        most: after how many entities the walk is cut.
    """

    limit: Limit = 100
    offset: Natural = 0
    most: Most = 2000


class ImpactParameters(ReachParameters):
    """The same; `alias`: which aliases and stages are taken for production; may be repeated."""

    alias: list[str] = msgspec.field(default_factory=lambda: [*PRODUCTION])


class TrainedParameters(Parameters):
    """Which models that serve.

    Attributes:
        label: that bear this classification.
        data: that were trained on this data set or column.
        alias: by which they serve; may be repeated. `*` stands for any.
        most: after how many entities a walk from the data is cut.
    """

    label: str = ""
    data: str | None = None
    alias: list[str] = msgspec.field(default_factory=lambda: [*PRODUCTION])
    most: Most = 2000


class SameAsParameters(Parameters):
    """Which pairs: `limit` of them at most, out of `most` data sets."""

    state: SameAsState = "proposed"
    limit: Limit = 100
    most: Most = 5000


class Two(Body):
    """Addresses of two entities."""

    first: Annotated[str, Meta(min_length=1)]
    second: Annotated[str, Meta(min_length=1)]


class DiffParameters(Parameters):
    """The two, as addresses; of a data set perhaps one of its versions, by what `versions` calls it.

    Attributes:
        after: the same as `before` when it is left out.
    """

    before: Annotated[str, Meta(min_length=1)]
    after: str | None = None
    before_version: str = ""
    after_version: str = ""


class OriginParameters(Parameters):
    """Of what.

    Attributes:
        metric: key of one of its metrics; the entity itself when empty.
        limit: ways at most.
        most: after how many entities the walk is cut.
    """

    metric: str = ""
    limit: Few = 5
    most: Most = 2000


class CauseParameters(Parameters):
    """When it failed (ms since the epoch), if that is not what is known of it; how many suspects."""

    at: Long | None = None
    limit: Few = 20
    most: Most = 500


class CodeParameters(Parameters):
    """How many processes."""

    limit: Few = 10


class VersionsParameters(Parameters):
    """How many versions."""

    limit: Limit = 100


class Rows(Body):
    """A query whose answer is a table: of each entity only the properties and the metrics that are shown.

    Attributes:
        query: its parts say whether labels, facets and outside addresses come along.
        properties, metrics: their keys; properties with `*` at the end stand for all that begin so.
    """

    query: Query
    properties: list[str] = []
    metrics: list[str] = []


class ManySeries(Body):
    """Which metrics of which entities.

    Attributes:
        refs: addresses; what is not there, or not for the caller, is left out.
        keys: of the metrics.
        buckets: of each series, see `SeriesParameters`.
    """

    refs: Annotated[list[str], Meta(min_length=1, max_length=200)]
    keys: Annotated[list[str], Meta(min_length=1, max_length=50)]
    buckets: Annotated[int, Meta(ge=1, le=2000)] = 300


class NewAlias(Body):
    """The version that an alias of a model leads to from now on.

    Attributes:
        version: its number; without one the alias is withdrawn.
        reason: is kept with the change.
    """

    version: Long | None = None
    reason: Annotated[str, Meta(max_length=2000)] = ""


class FilesParameters(Parameters):
    """A folder among the entity's files."""

    path: str = ""


class ChangesParameters(Parameters):
    """After which commit."""

    since: Natural = 0
    limit: Limit = 1000


class ActivityParameters(Parameters):
    """Which page of what was done, and by what to narrow it.

    Attributes:
        before: only commits before this one, as the page before says.
    """

    before: Natural | None = None
    limit: Few = 50
    principal: str | None = None
    door: str | None = None
    action: str | None = None
    kind: list[str] = []


class FeedParameters(Parameters):
    """After which commit; from now on when it is left out."""

    since: Natural | None = None


class SignIn(Body):
    """A name and its password."""

    name: str
    password: str


class NewUser(Body):
    """An account or a group. An `admin` may do everything; the first account is one."""

    name: Name
    password: Secret | None = None
    category: Literal["user", "group"] = "user"
    admin: bool = False


class NewPassword(Body):
    """A password."""

    password: Secret


class NewToken(Body):
    """What a token is for, and until when it is valid (ms since the epoch)."""

    name: str = ""
    expires: Long | None = None


class NewGrant(Body):
    """What a principal may do, or with `deny` may not; with `kind` only on such entities of a namespace."""

    principal: str
    role: Role
    target: Literal["store", "namespace", "kind", "classification", "entity"] = "store"
    value: str = ""
    deny: bool = False
    valid_from: Long | None = None
    valid_until: Long | None = None
    kind: str = ""


class NewMember(Body):
    """Who joins the group."""

    user: str


class NewWebhook(Body):
    """An address, what it is told of, and the secret that signs; one is made when it is left out."""

    url: str
    kinds: list[str] = []
    actions: list[str] = []
    secret: Secret | None = None


class Neighbourhood(msgspec.Struct, omit_defaults=True):
    """An entity; with part `edges` also its edges and what stands at their other ends, without parts."""

    entity: Entity
    edges: list[Edge] = []
    neighbours: list[Entity] = []


class Suggestions(msgspec.Struct):
    """Entities that begin so."""

    entities: list[Entity]


class Counts(msgspec.Struct):
    """Active entities by kind."""

    kinds: dict[str, int]


class Events(msgspec.Struct):
    """History of an entity, newest first."""

    events: list[Event]


class Changes(msgspec.Struct):
    """History after a commit, oldest first; `last` is where to go on from."""

    events: list[Event]
    last: int


class Done(msgspec.Struct, omit_defaults=True):
    """What one commit did, as far as it was asked for.

    Attributes:
        total, entities: how many events and how many entities there are.
        events: the first few of them.
    """

    commit: int
    at: int
    principal: str
    door: str
    note: str
    total: int
    entities: int
    events: list[Event]


class Activity(msgspec.Struct, omit_defaults=True):
    """Commits, newest first; `before` leads to the next page."""

    commits: list[Done]
    before: int | None = None


class LatestPoints(msgspec.Struct):
    """The latest point of each series."""

    series: dict[str, Point]


class Spans(msgspec.Struct):
    """The steps of a trace, those without a parent first, then by start."""

    spans: list[Span]


class Records(msgspec.Struct):
    """Rows of a data set, in the order in which they came."""

    records: list[Record]


class Points(msgspec.Struct):
    """Points of one series: [key, value, time, step]. Words stand for NaN, Infinity and -Infinity."""

    points: list[Point]


class OneSeries(msgspec.Struct):
    """The points of one metric of one entity, by its id."""

    entity: int
    key: str
    points: list[Point]


class SeriesFound(msgspec.Struct):
    """Series, by entity and then by key in the order asked; those without points are left out."""

    series: list[OneSeries]


class Paths(msgspec.Struct):
    """The ways on which a label came."""

    paths: list[LabelPath]


class File(msgspec.Struct):
    """An entry of a folder; `size` in bytes."""

    path: str
    is_folder: bool
    size: int


class Files(msgspec.Struct):
    """Entries of a folder, ordered by path."""

    files: list[File]


class Definitions(msgspec.Struct):
    """Kinds, edge kinds, structs, enums and classifications."""

    definitions: list[AnyDef]


class Me(msgspec.Struct):
    """Who the caller is.

    Attributes:
        everything: no grant limits that one.
        accounts: there are accounts, so that strangers have to sign in.
        admin: may manage accounts, grants and webhooks.
    """

    principal: str
    everything: bool
    accounts: bool
    admin: bool


class SignedIn(msgspec.Struct):
    """A token, and when it expires (ms since the epoch)."""

    token: str
    expires: int


class Users(msgspec.Struct):
    """Accounts and groups."""

    users: list[User]


class Tokens(msgspec.Struct):
    """Tokens of a user, without their secrets."""

    tokens: list[Token]


class MadeToken(Token, frozen=True):
    """A token with its secret, which is never shown again."""

    secret: str = ""


class Grants(msgspec.Struct):
    """Every grant."""

    grants: list[Grant]


class Webhooks(msgspec.Struct):
    """Every webhook, without its secret."""

    webhooks: list[Webhook]


class MadeWebhook(Webhook, frozen=True):
    """A webhook with its secret, which is never shown again."""

    secret: str = ""


class Deliveries(msgspec.Struct):
    """What was and is to be delivered, newest first."""

    deliveries: list[Delivery]


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong."""

    code: Literal[
        "not_found",
        "invalid",
        "conflict",
        "denied",
        "unauthenticated",
        "expectation_failed",
        "unavailable",
        "too_large",
        "internal",
    ]
    message: str
    detail: dict[str, Any] | None = None


class Failure(msgspec.Struct):
    """The body of every error."""

    error: Problem
