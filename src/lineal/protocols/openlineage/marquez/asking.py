"""What a request asks for: its parameters, its body, and the entities that its path names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.errors import NOT_JSON, Invalid, NotFound
from lineal.graph.model import ACTIVE, ByName, Entity
from lineal.graph.query import And, Attribute, Compare, Expr, Or, Part, Query
from lineal.protocols.base import Call, query_values
from lineal.protocols.openlineage.errors import Incomplete

T = TypeVar("T")
MOST = 10_000
"""Entities in a page at most."""
EVERYTHING: tuple[Part, ...] = ("properties", "facets", "labels")
DROPPED = "DROP"


class Paged(NamedTuple):
    """Which page is asked for."""

    limit: int
    offset: int


class Parameters:
    """The parameters of a query."""

    def __init__(self, call: Call) -> None:
        self._given = query_values(call.query)

    def text(self, name: str) -> str | None:
        """The value of a parameter; None when it is missing or empty."""
        found = self._given.get(name)
        return found[-1] or None if found else None

    def texts(self, name: str) -> list[str]:
        """Every value of a parameter, also those that are given with commas between them."""
        return [part for each in self._given.get(name, ()) for part in each.split(",") if part]

    def required(self, name: str) -> str:
        """The value of a parameter that must be there."""
        found = self.text(name)
        if found is None:
            raise Invalid(f"query param {name} must not be null")
        return found

    def number(self, name: str, default: int) -> int:
        """A whole number that is not negative."""
        found = self.text(name)
        if found is None:
            return default
        try:
            number = int(found)
        except ValueError:
            raise Invalid(f"query param {name} is not a number.") from None
        if number < 0:
            raise Invalid(f"query param {name} must be greater than or equal to 0")
        return number

    def flag(self, name: str) -> bool:
        """Whether a parameter says true."""
        return (self.text(name) or "").lower() == "true"

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str | None:
        """One of some words, in upper case whatever the case in which it is given."""
        found = self.text(name)
        return default if found is None else one_of(name, found, choices)

    def moment(self, name: str) -> datetime | None:
        """A date and time of ISO 8601; without a zone it is in UTC."""
        found = self.text(name)
        return None if found is None else moment_of(found.replace(" ", "+"), f"query param {name}")

    def page(self, default: int = 100) -> Paged:
        """`limit` and `offset`."""
        return Paged(min(self.number("limit", default), MOST), self.number("offset", 0))


def one_of(name: str, given: str, choices: Sequence[str]) -> str:
    """One of some words, in upper case; Invalid when it is none of them."""
    if given.upper() not in choices:
        raise Invalid(f"query param {name} must be one of [{', '.join(choices)}]")
    return given.upper()


def moment_of(text: str, what: str) -> datetime:
    """A date and time of ISO 8601; Invalid when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{what} is not a date and time: {text[:60]!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def body(call: Call, shape: type[T]) -> T:
    """The message in the body.

    Raises:
        Incomplete: a field is missing or of the wrong type.
        Invalid: it is no JSON.
    """
    try:
        return msgspec.json.decode(call.body, type=shape)
    except msgspec.ValidationError as error:
        raise Incomplete(str(error)) from None
    except NOT_JSON as error:
        raise Invalid(f"This is no JSON: {error}") from None


def iso(milliseconds: int) -> str:
    """A moment as Marquez writes it."""
    found = datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)
    return found.isoformat(timespec="milliseconds") + "Z"


def iso_or_none(milliseconds: Any) -> str | None:
    """The same of one that may be missing."""
    return iso(milliseconds) if isinstance(milliseconds, int) else None


def dashed(hexadecimal: str) -> str:
    """32 hexadecimal digits as a UUID is written."""
    return str(uuid.UUID(hexadecimal))


def page_of(session: Session, query: Query, paged: Paged) -> tuple[list[Entity], int]:
    """One page of what matches, and how many there are."""
    limit, offset = paged
    if not limit:
        return [], session.find(msgspec.structs.replace(query, limit=1, parts=[], count=True)).total or 0
    found = session.find(msgspec.structs.replace(query, limit=limit, offset=offset, count=True))
    return found.entities, found.total or 0


# What a path names


def data_namespaces(namespace: str) -> list[str]:
    """The ways in which a namespace of data sets may be kept."""
    return list(dict.fromkeys([namespace, names.place(namespace, "x").namespace]))


def in_namespace(namespace: str | None, kind: str) -> Expr | None:
    """The condition that an entity of a kind is in a namespace."""
    if namespace is None:
        return None
    told = data_namespaces(namespace) if kind == "dataset" else [namespace]
    parts: list[Expr] = [Compare(Attribute("namespace"), "=", each) for each in told]
    return parts[0] if len(parts) == 1 else Or(parts)


def both(*parts: Expr | None) -> Expr | None:
    """All that is given."""
    given = [each for each in parts if each is not None]
    return And(given) if given else None


def find_namespace(session: Session, namespace: str) -> Entity | None:
    """What is known of a namespace: its own entity, or else any job or data set of it."""
    own = session.look_up(ByName("namespace", namespace, namespace), active=True)
    if own is not None:
        return own
    for kind in ("job", "dataset"):
        page = session.find(Query(kinds=[kind], where=in_namespace(namespace, kind), limit=1, parts=[]))
        if page.entities:
            return page.entities[0]
    return None


def require_namespace(session: Session, namespace: str) -> None:
    """NotFound, in Marquez's words, when nothing can be seen in a namespace."""
    if find_namespace(session, namespace) is None:
        raise NotFound(f"Namespace '{namespace}' not found.")


def find_dataset(
    session: Session, namespace: str, name: str, parts: Sequence[Part] = EVERYTHING
) -> Entity | None:
    """A data set under any of its names; one that was dropped is there, one that was deleted is not."""
    ref = names.dataset_ref(namespace, name)
    found = session.look_up(ref, parts)
    if found is None or not _is_shown(found):
        aliases = (names.alias_ref(namespace, name), names.alias_ref(ref.namespace, ref.name))
        others = (session.look_up(each, parts) for each in aliases)
        found = next((each for each in others if each is not None and _is_shown(each)), None)
    return found


def _is_shown(entity: Entity) -> bool:
    return entity.kind != "column" and (
        entity.state == ACTIVE or entity.properties.get("lifecycle") == DROPPED
    )


def the_dataset(call: Call, parts: Sequence[Part] = EVERYTHING) -> Entity:
    """The data set of the path; NotFound in Marquez's words."""
    namespace, name = call.path_params["namespace"], call.path_params["dataset"]
    found = find_dataset(call.session, namespace, name, parts)
    if found is None:
        require_namespace(call.session, namespace)
        raise NotFound(f"Dataset '{name}' not found.")
    return found


def find_job(
    session: Session, namespace: str, name: str, parts: Sequence[Part] = EVERYTHING
) -> Entity | None:
    """A job."""
    return session.look_up(names.job_ref(namespace, name), parts, active=True)


def the_job(call: Call, parts: Sequence[Part] = EVERYTHING) -> Entity:
    """The job of the path; NotFound in Marquez's words."""
    namespace, name = call.path_params["namespace"], call.path_params["job"]
    found = find_job(call.session, namespace, name, parts)
    if found is None:
        require_namespace(call.session, namespace)
        raise NotFound(f"Job '{name}' not found.")
    return found


def find_run(session: Session, number: str, parts: Sequence[Part] = EVERYTHING) -> Entity | None:
    """A run."""
    return session.look_up(names.run_ref(number), parts, active=True)


def the_run(call: Call, parts: Sequence[Part] = EVERYTHING) -> Entity:
    """The run of the path; NotFound in Marquez's words."""
    return required_run(call.session, call.path_params["id"], parts)


def required_run(session: Session, number: str, parts: Sequence[Part] = EVERYTHING) -> Entity:
    """A run; NotFound in Marquez's words."""
    found = find_run(session, number, parts)
    if found is None:
        raise NotFound(f"Run '{number}' not found.")
    return found


# Ids of nodes


class NodeId(NamedTuple):
    """An id of a node.

    Attributes:
        kind: dataset, datasetField, job or run.
        parts: namespace, name and field, or the id of a run.
    """

    kind: str
    parts: list[str]
    version: str | None

    @classmethod
    def read(cls, text: str) -> NodeId:
        """The id in a text; colons within addresses are not those between parts."""
        kind, _, rest = text.partition(":")
        size = {"dataset": 2, "datasetField": 3, "job": 2, "run": 1}.get(kind)
        if size is None:
            raise Invalid(
                f"node ID ({text}) must start with 'dataset', 'datasetField', 'job' or 'run'",
            )
        rest, _, version = rest.rpartition("#") if _is_versioned(rest) else (rest, "", "")
        parts = _split(rest, size)
        if len(parts) != size or not all(parts):
            raise Invalid(f"Expected NodeId of type {kind} with {size + 1} parts. Got: {text}")
        return cls(kind, parts, version or None)


def _is_versioned(text: str) -> bool:
    try:
        uuid.UUID(text.rpartition("#")[2])
    except ValueError:
        return False
    return "#" in text


def _split(text: str, size: int) -> list[str]:
    pieces = text.split(":")
    if len(pieces) == size:
        return pieces
    joined = [pieces[0]]
    for piece in pieces[1:]:
        if len(joined) == size or piece.startswith("//") or _is_port(piece):
            joined[-1] += f":{piece}"
        else:
            joined.append(piece)
    return joined


def _is_port(piece: str) -> bool:
    return piece[:1].isdigit()


def node_id(kind: str, *parts: str, version: str | None = None) -> str:
    """An id of a node."""
    return ":".join([kind, *parts]) + (f"#{version}" if version else "")
