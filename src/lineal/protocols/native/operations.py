"""Every operation of the native API, once: the routes and the OpenAPI document are made from this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lineal.catalog.values import Decision, Grant, User
from lineal.catalog.webhooks import Delivery
from lineal.graph.change import Change, Commit
from lineal.graph.query import Lineage, Page, Query
from lineal.insight import values
from lineal.protocols.native import activity, handlers, questions, same_as, wire

PREFIX = "/api/v1"


class Operation(NamedTuple):
    """One operation.

    Attributes:
        path: after the prefix.
        handler: its first line of documentation is the summary.
        answer: type of the answer; None for an empty one, a tuple for one of several.
        query, body: types of the parameters and the JSON body, if there are.
        status: of success.
        media: content type of an answer that is not JSON.
        also: further statuses of success or refusal.
        inline, public, streams: see `lineal.protocols.base.Route`.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    answer: Any = None
    query: type | None = None
    body: type | None = None
    status: int = 200
    media: str = ""
    also: tuple[int, ...] = ()
    inline: bool = False
    public: bool = False
    streams: bool = False

    @property
    def summary(self) -> str:
        """In one line."""
        return (self.handler.__doc__ or "").splitlines()[0]


Handle = Callable[..., Any]


def _get(path: str, handler: Handle, answer: Any, query: type | None = None, **more: Any) -> Operation:
    return Operation("GET", path, handler, answer, query, **more)


def _post(path: str, handler: Handle, answer: Any, body: type, **more: Any) -> Operation:
    return Operation("POST", path, handler, answer, body=body, **more)


def _delete(path: str, handler: Handle) -> Operation:
    return Operation("DELETE", path, handler, status=204)


OPERATIONS: tuple[Operation, ...] = (
    _post("/changes", handlers.commit, Commit, Change, status=201),
    _get("/changes", handlers.changes, wire.Changes, wire.ChangesParameters),
    _get("/activity", activity.activity, wire.Activity, wire.ActivityParameters),
    _get("/feed", handlers.feed, bytes, wire.FeedParameters, media="text/event-stream"),
    _post("/find", handlers.find, Page, Query),
    _post("/rows", handlers.rows, Page, wire.Rows),
    _post("/series", handlers.many_series, wire.SeriesFound, wire.ManySeries),
    _get("/entities", handlers.search, Page, wire.SearchParameters),
    _get("/suggest", handlers.suggest, wire.Suggestions, wire.SuggestParameters),
    _get("/counts", handlers.counts, wire.Counts),
    _get("/types", handlers.types, wire.Definitions),
    _get("/lineage/{ref}", handlers.lineage, Lineage, wire.LineageParameters),
    _get("/entities/{ref}", handlers.entity, wire.Neighbourhood, wire.EntityParameters, inline=True),
    _get("/entities/{ref}/history", handlers.history, wire.Events, wire.HistoryParameters),
    _get("/entities/{ref}/series", handlers.latest_points, wire.LatestPoints),
    _get("/entities/{ref}/series/{key:path}", handlers.series, wire.Points, wire.SeriesParameters),
    _get("/entities/{ref}/spans", handlers.spans, wire.Spans),
    _get("/entities/{ref}/records", handlers.records, wire.Records, wire.RecordsParameters),
    _get("/entities/{ref}/why", handlers.why, (wire.Paths, Decision), wire.WhyParameters),
    Operation(
        "PUT", "/entities/{ref}/aliases/{alias}", handlers.set_alias, Commit, body=wire.NewAlias, also=(404,)
    ),
    _get("/entities/{ref}/upstream", questions.upstream, values.Reach, wire.ReachParameters),
    _get("/entities/{ref}/impact", questions.impact, values.Reach, wire.ImpactParameters),
    _get("/entities/{ref}/origin", questions.origin, values.Origin, wire.OriginParameters),
    _get("/entities/{ref}/code", questions.code, values.MadeBy, wire.CodeParameters),
    _get("/entities/{ref}/cause", questions.cause, values.Cause, wire.CauseParameters),
    _get("/entities/{ref}/versions", questions.versions, values.Versions, wire.VersionsParameters),
    _get("/models", questions.trained_models, values.TrainedModels, wire.TrainedParameters, also=(404,)),
    _get("/diff", questions.diff, values.Difference, wire.DiffParameters, also=(404,)),
    _get("/stale", questions.stale, values.UnfreshData, wire.VersionsParameters),
    _get("/same-as", same_as.proposals, values.SameAs, wire.SameAsParameters),
    _post("/same-as/accept", same_as.accept, Commit, wire.Two, also=(404,)),
    _post("/same-as/refuse", same_as.refuse, Commit, wire.Two, also=(404,)),
    _post("/same-as/undo", same_as.undo, Commit, wire.Two, also=(404,)),
    _get("/entities/{ref}/files", handlers.files, wire.Files, wire.FilesParameters),
    _get("/entities/{ref}/files/{path:path}", handlers.read_file, bytes, media="*/*", also=(206, 416)),
    Operation("PUT", "/entities/{ref}/files/{path:path}", handlers.write_file, wire.File, streams=True),
    _delete("/entities/{ref}/files/{path:path}", handlers.delete_file),
    _get("/me", handlers.me, wire.Me),
    _post("/sign-in", handlers.sign_in, wire.SignedIn, wire.SignIn, also=(401,), public=True),
    Operation("POST", "/sign-out", handlers.sign_out, status=204, public=True),
    _get("/users", handlers.users, wire.Users),
    _post("/users", handlers.add_user, User, wire.NewUser, status=201),
    _delete("/users/{name}", handlers.remove_user),
    Operation("PUT", "/users/{name}/password", handlers.set_password, body=wire.NewPassword, status=204),
    _get("/users/{name}/tokens", handlers.tokens, wire.Tokens),
    _post("/users/{name}/tokens", handlers.add_token, wire.MadeToken, wire.NewToken, status=201),
    _delete("/tokens/{id}", handlers.remove_token),
    _get("/grants", handlers.grants, wire.Grants),
    _post("/grants", handlers.add_grant, Grant, wire.NewGrant, status=201, also=(404,)),
    _delete("/grants/{id}", handlers.remove_grant),
    _post("/groups/{name}/members", handlers.add_member, None, wire.NewMember, status=204),
    _delete("/groups/{name}/members/{user}", handlers.remove_member),
    _get("/webhooks", handlers.webhooks, wire.Webhooks),
    _post("/webhooks", handlers.add_webhook, wire.MadeWebhook, wire.NewWebhook, status=201),
    _delete("/webhooks/{id}", handlers.remove_webhook),
    _get("/webhooks/{id}/deliveries", handlers.deliveries, wire.Deliveries),
    Operation("POST", "/webhooks/{id}/test", handlers.test_webhook, Delivery),
)
