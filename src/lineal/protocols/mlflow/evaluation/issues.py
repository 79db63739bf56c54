"""Issues, faults that show in traces: create, read, change. Searching them is in `issue_search`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Expect, PutEdge, PutEntity, PutFacet
from lineal.graph.errors import NotFound
from lineal.graph.model import ByExternal, ById, Entity, External, Local, Properties
from lineal.graph.query import Part
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import translate
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.evaluation import wire
from lineal.protocols.mlflow.evaluation.addresses import ISSUE
from lineal.protocols.mlflow.evaluation.homes import active, now_ms, number_of, still_active, user_of
from lineal.protocols.mlflow.evaluation.settle import TAKEN, settled, unchanged
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.runs import find_run

STATUSES = ("pending", "rejected", "resolved")
SEVERITIES = ("not_an_issue", "low", "medium", "high")
"""From the least to the greatest."""
STATUS, SEVERITY, SEEN, RUN = "status", "severity", "last_seen", "source_run_id"
RANK, LOWER_NAME, CATEGORY = "severity_rank", "lower_name", "category."
"""Properties by which issues are ordered and found."""
WHOLE: tuple[Part, ...] = ("properties", "facets", "external")
_FACET = "mlflow"
_CATEGORIES, _UPDATED_BY = "categories", "last_updated_by"
_LONGEST_NAME, _LONGEST_USER, _LONGEST_VALUE = 250, 255, 65_536
_MOST = 100
_ID = re.compile(r"iss-[A-Za-z0-9_-]{1,32}")

_create = Body(wire.CreateIssue)
_update = Body(wire.UpdateIssue)


# What an issue may be


def _check_name(name: str | None) -> None:
    if name is not None and not 1 <= len(name) <= _LONGEST_NAME:
        raise invalid(f"Issue name must contain 1 to {_LONGEST_NAME} characters")


def check_words(field: str, given: Iterable[str | None], known: Sequence[str]) -> None:
    """Refuse a status or a severity that there is not."""
    for each in given:
        if each is not None and each not in known:
            raise invalid(f"Invalid issue {field}: {each!r:.200}")


def check_list(field: str, given: Sequence[str] | None) -> None:
    """Refuse a list of texts that is too long, or with one in it that is too long or empty."""
    if given is not None and (
        len(given) > _MOST or not all(1 <= len(each) <= _LONGEST_NAME for each in given)
    ):
        raise invalid(
            f"{field} must contain at most {_MOST} nonempty strings of at most {_LONGEST_NAME} characters"
        )


def _user(field: str, given: str) -> str | None:
    if len(given) > _LONGEST_USER:
        raise invalid(f"Invalid {field}")
    return given or None


def _time_of(given: Any) -> int | None:
    """Milliseconds, as a number or as protobuf's decimal text."""
    if given is None:
        return None
    text = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 2**63):
        raise invalid("last_seen_timestamp must be nonnegative milliseconds")
    return int(text)


def _metadata_of(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    fits = isinstance(given, dict) and len(given) <= _MOST
    if not fits or not all(_fits(key, value) for key, value in given.items()):
        raise invalid(f"metadata must be a string map with at most {_MOST} entries")
    return dict(given)


def _fits(key: Any, value: Any) -> bool:
    return 1 <= len(key) <= _LONGEST_NAME and isinstance(value, str) and len(value) <= _LONGEST_VALUE


def category_key(category: str) -> str:
    """The property that an issue has when it is of a category, whatever its case."""
    return CATEGORY + category.strip().lower()


# As properties


def _named(name: str | None) -> Properties:
    return {LOWER_NAME: name.lower()} if name is not None else {}


def _severe(severity: str | None) -> Properties:
    return {SEVERITY: severity, RANK: SEVERITIES.index(severity)} if severity is not None else {}


def _categorised(categories: Sequence[str] | None) -> Properties:
    if not categories:
        return {}
    return {_CATEGORIES: list(categories)} | {category_key(each): True for each in categories}


def _given(properties: Mapping[str, Any]) -> Properties:
    return {key: value for key, value in properties.items() if value is not None}


def create(call: Call) -> Reply:
    """POST issues."""
    message = _create(call)
    _check_new(message)
    seen, metadata = _time_of(message.last_seen_timestamp), _metadata_of(message.metadata)
    user = user_of(call) or _user("created_by", message.created_by)
    experiment = active(call.session, message.experiment_id)
    run = _source(call.session, experiment, message.source_run_id) if message.source_run_id else None
    number, now = message.issue_id or f"iss-{uuid.uuid4().hex}", now_ms()
    ref = ByExternal(ISSUE, number)
    put = PutEntity(
        kind="issue",
        namespace=experiment.namespace,
        name=message.name,
        home=ById(experiment.id),
        owner=user,
        created=now,
        updated=now,
        properties=_first(message, user, now if seen is None else seen),
        external=[External(ISSUE, number)],
        handle="issue",
    )
    operations: list[AnyOperation] = [still_active(experiment), Expect(ref, Absent(), TAKEN), put]
    document = {"root_causes": message.root_causes, "metadata": metadata}
    if any(document.values()):
        operations.append(PutFacet(Local("issue"), _FACET, document, "mlflow"))
    if run is not None:
        operations.append(PutEdge("describes", Local("issue"), ById(run.id)))
    settled(call.session, lambda: (operations, None), "Issue ID already exists")
    return _reply(call.session, number)


def _check_new(message: wire.CreateIssue) -> None:
    _check_name(message.name)
    check_words("status", [message.status], STATUSES)
    check_words("severity", [message.severity], SEVERITIES)
    check_list("categories", message.categories)
    if message.issue_id is not None and not _ID.fullmatch(message.issue_id):
        raise invalid("issue_id must be iss-* and at most 36 characters")


def _first(message: wire.CreateIssue, user: str | None, seen: int) -> Properties:
    """The properties of a new issue."""
    told = {
        STATUS: message.status or STATUSES[0],
        SEEN: seen,
        RUN: message.source_run_id or None,
        "description": message.description,
        _UPDATED_BY: user,
        RANK: -1,
    }
    more = _named(message.name) | _severe(message.severity) | _categorised(message.categories)
    return _given(told) | more


def _source(session: Session, experiment: Entity, number: str) -> Entity:
    """The run that discovered an issue; Refused unless it is one of the issue's experiment."""
    run = find_run(session, number)
    if run.home != experiment.id:
        raise invalid("Source run must belong to the Issue experiment")
    return run


def find_issue(session: Session, number: str) -> Entity:
    """An issue; Refused when there is none to see."""
    try:
        return session.get(ByExternal(ISSUE, number), WHOLE)
    except NotFound:
        raise Refused(MISSING, f"Issue with ID '{number}' not found") from None


def _reply(session: Session, number: str) -> Reply:
    issue = find_issue(session, number)
    return json_reply({"issue": issue_message(issue, number_of(session, issue))})


class _Document(NamedTuple):
    """What only MLflow knows of an issue."""

    root_causes: list[str]
    metadata: dict[str, str]


def _document(issue: Entity) -> _Document:
    found = issue.facets.get(_FACET)
    told = found if isinstance(found, dict) else {}
    return _Document(list(told.get("root_causes") or ()), dict(told.get("metadata") or {}))


def issue_message(
    issue: Entity, experiment: str, traces: int | None = None, basic: bool = False
) -> wire.Issue:
    """An issue as MLflow shows it.

    Args:
        issue: the issue.
        experiment: its experiment's id.
        traces: in how many traces it shows, if that was asked.
        basic: whether to leave out what may be long.
    """
    properties, document = issue.properties, _document(issue)
    categories, seen = properties.get(_CATEGORIES), properties.get(SEEN)
    return wire.Issue(
        translate.outside_id(issue, ISSUE) or "",
        experiment,
        issue.name,
        "" if basic else translate.text(properties.get("description") or ""),
        translate.text(properties.get(STATUS) or STATUSES[0]),
        issue.created,
        issue.updated,
        seen if isinstance(seen, int) else issue.created,
        _text(properties.get(SEVERITY)),
        [] if basic else document.root_causes,
        _text(properties.get(RUN)),
        issue.owner,
        [str(each) for each in categories] if isinstance(categories, list) else [],
        traces,
        _text(properties.get(_UPDATED_BY)),
        {} if basic else document.metadata,
    )


def _text(value: Any) -> str | None:
    return None if value is None else translate.text(value)


def get(call: Call) -> Reply:
    """GET issues/{issue_id}."""
    return _reply(call.session, call.path_params["issue_id"])


def update(call: Call) -> Reply:
    """PATCH issues/{issue_id}: what is given; a later sighting counts, an earlier does not."""
    message, number = _update(call), call.path_params["issue_id"]
    metadata = _metadata_of(message.metadata)
    _check_update(message, metadata)
    user = user_of(call) or _user("last_updated_by", message.last_updated_by)
    seen = _time_of(message.last_seen_timestamp)

    def decide() -> tuple[list[AnyOperation], None]:
        issue = find_issue(call.session, number)
        put = PutEntity(ById(issue.id), name=message.name, properties=_next(issue, message, user, seen))
        return [unchanged(issue), put, *_documented(issue, message, metadata)], None

    settled(call.session, decide)
    return _reply(call.session, number)


def _check_update(message: wire.UpdateIssue, metadata: Mapping[str, str]) -> None:
    _check_name(message.name)
    check_words("status", [message.status], STATUSES)
    check_words("severity", [message.severity], SEVERITIES)
    check_list("categories", message.categories)
    check_list("delete_metadata_keys", message.delete_metadata_keys)
    if metadata.keys() & set(message.delete_metadata_keys):
        raise invalid("Cannot update and delete the same key")


def _next(issue: Entity, message: wire.UpdateIssue, user: str | None, seen: int | None) -> Properties:
    """The properties of an issue that change."""
    told = {STATUS: message.status, "description": message.description, _UPDATED_BY: user}
    found = _given(told) | _named(message.name) | _severe(message.severity)
    if seen is not None:
        before = issue.properties.get(SEEN)
        found[SEEN] = max(seen, before if isinstance(before, int) else issue.created)
    if message.categories is not None:
        old: Properties = {key: None for key in issue.properties if key.startswith(CATEGORY)}
        found |= old | {_CATEGORIES: None} | _categorised(list(dict.fromkeys(message.categories)))
    return found


def _documented(issue: Entity, message: wire.UpdateIssue, metadata: dict[str, str]) -> list[AnyOperation]:
    if not metadata and not message.delete_metadata_keys:
        return []
    document = _document(issue)
    gone = set(message.delete_metadata_keys)
    merged = {key: value for key, value in (document.metadata | metadata).items() if key not in gone}
    told = {"root_causes": document.root_causes, "metadata": _metadata_of(merged)}
    return [PutFacet(ById(issue.id), _FACET, told, "mlflow")]
