"""What feeds something, and what breaks when it goes: all that is reached, counted, ordered and in pages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lineal.catalog.session import Session
from lineal.graph.model import DEFAULT_NAMESPACE, AnyRef, ById, Entity
from lineal.graph.types import Types
from lineal.insight.nodes import named, subject
from lineal.insight.spread import HOWS, Spread
from lineal.insight.values import PRODUCTION, Group, Owner, Reach, Tie

HIDDEN = "hidden"
_PRODUCTION_ALIASES = "production aliases"

# The worst first: what people outside notice before what only its makers do.
_GROUPS: tuple[tuple[str, str], ...] = (
    ("alias", "aliases"),
    ("inference_service", "services"),
    ("serve_model", "services"),
    ("model_version", "model versions"),
    ("logged_model", "logged models"),
    ("model", "models"),
    ("feature", "features"),
    ("feature_group", "features"),
    ("dashboard", "dashboards"),
    ("column", "columns"),
    ("dataset", "data sets"),
    ("dataset_version", "versions of data sets"),
    ("artifact", "artifacts"),
    ("job", "jobs"),
    ("run", "runs"),
)
_RANKS = {name: rank for rank, name in enumerate([_PRODUCTION_ALIASES, *dict(_GROUPS).values()])}
_MOST_OWNERS = 1000
_FEW = 5


class Paging(NamedTuple):
    """Which page, and after how many entities the walk is cut."""

    limit: int = 100
    offset: int = 0
    most: int = 2000


def upstream(session: Session, ref: AnyRef, paging: Paging) -> Reach:
    """What feeds an entity, the nearest first."""
    spread = Spread(session, _start(session, ref, up=True), up=True, limit=paging.most)
    found = _Found(spread, ())
    return found.answer(paging, by=lambda tie: (tie.distance, _rank(tie), tie.id))


def impact(session: Session, ref: AnyRef, paging: Paging, *, production: Sequence[str] = PRODUCTION) -> Reach:
    """What is no longer what it was when an entity goes or changes, the worst first, and whom to tell."""
    spread = Spread(session, _start(session, ref, up=False), up=False, limit=paging.most)
    found = _Found(spread, production)
    answer = found.answer(
        paging, by=lambda tie: (_rank(tie), not tie.certain, HOWS.index(tie.how), tie.distance, tie.id)
    )
    answer.owners = _owners(session, spread, found.ties)
    return answer


def _start(session: Session, ref: AnyRef, *, up: bool) -> Entity:
    """What is asked about; for a version of data its data set, or up the stream the run that wrote it."""
    found = session.get(ref, ("properties", "labels"))
    if not session.types().is_a(found.kind, "dataset_version"):
        return found
    return subject(session, found) if up else session.look_up(ById(found.home or 0)) or found


def is_production(alias: str, names: Iterable[str]) -> bool:
    """Whether an alias's node, called `MODEL@ALIAS` or `MODEL/STAGE`, is one of these."""
    return pointer(alias).lower() in {name.lower() for name in names}


def pointer(alias: str) -> str:
    """The alias or stage that a node called `MODEL@ALIAS` or `MODEL/STAGE` stands for."""
    return alias.rpartition("@")[2] if "@" in alias else alias.rpartition("/")[2]


def tool_of(entity: Entity) -> str:
    """By which tool an entity is known: what gave it an address, or else the place where it is kept."""
    if entity.properties.get("job.integration"):
        return str(entity.properties["job.integration"]).lower()
    if entity.external:
        return entity.external[0].protocol.partition(".")[0]
    if any(key.startswith("openlineage.") for key in entity.properties):
        place = urlsplit(entity.namespace).scheme if entity.kind in ("dataset", "column") else ""
        return place or "openlineage"
    return urlsplit(entity.namespace).scheme or (
        "" if entity.namespace == DEFAULT_NAMESPACE else entity.namespace
    )


class _Found:
    """All ties of a walk, not yet with their ways."""

    def __init__(self, spread: Spread, production: Sequence[str]) -> None:
        self._spread = spread
        self._production = production
        self._called: dict[str, str] = {}
        others = spread.others()
        wanted = [node for node in others if node in spread.entities]
        known = spread.session.get_many(wanted, ("properties", "external"))
        self._entities = {each.id: each for each in known}
        self.ties = [self._tie(node) for node in others]

    def answer(self, paging: Paging, *, by: Callable[[Tie], tuple[Any, ...]]) -> Reach:
        spread = self._spread
        ordered = sorted(self.ties, key=by)
        page = [self._with_path(tie) for tie in ordered[paging.offset : paging.offset + paging.limit]]
        ids = [spread.start.id, *(node for tie in page for node in tie.path)]
        return Reach(
            spread.start.id,
            len(ordered) + spread.beyond,
            self._groups(),
            page,
            nodes=named(spread.session, ids),
            hidden=sum(tie.group == HIDDEN for tie in ordered),
            more=len(ordered) > paging.offset + paging.limit,
            truncated=spread.truncated,
        )

    def _tie(self, node: int) -> Tie:
        state, step = self._spread.best(node)
        entity = self._entities.get(node)
        group, tool = (self._group(entity), tool_of(entity)) if entity else (HIDDEN, "")
        return Tie(node, group, tool, HOWS[state.how], not state.possible, step.distance)

    def _group(self, entity: Entity) -> str:
        if entity.kind == "alias" and is_production(entity.name, self._production):
            return _PRODUCTION_ALIASES
        if entity.kind not in self._called:
            self._called[entity.kind] = group_of(self._spread.session.types(), entity.kind)
        return self._called[entity.kind]

    def _with_path(self, tie: Tie) -> Tie:
        path, edges = self._spread.path(tie.id)
        return Tie(tie.id, tie.group, tie.tool, tie.how, tie.certain, tie.distance, path, edges)

    def _groups(self) -> list[Group]:
        every = Counter((tie.group, tie.tool) for tie in self.ties)
        certain = Counter((tie.group, tie.tool) for tie in self.ties if tie.certain)
        ordered = sorted(every, key=lambda each: (_RANKS.get(each[0], len(_RANKS)), each))
        return [Group(*each, every[each], certain[each]) for each in ordered]


def group_of(types: Types, kind: str) -> str:
    """What entities of a kind are called in an answer."""
    found = (name for base, name in _GROUPS if types.is_a(kind, base))
    return next(found, f"{kind}s")


def _rank(tie: Tie) -> int:
    return _RANKS.get(tie.group, len(_RANKS))


def _owners(session: Session, spread: Spread, ties: Sequence[Tie]) -> list[Owner]:
    """Owners by how bad it is for what they own."""
    ordered = [tie.id for tie in sorted(ties, key=_rank) if tie.group != HIDDEN]
    owned: dict[str, list[int]] = defaultdict(list)
    told = {node: spread.entities[node].owner for node in ordered}
    by_edge: dict[int, list[int]] = defaultdict(list)
    for edge in session.edges(ordered, ("owns",), "in", _MOST_OWNERS) if ordered else ():
        by_edge[edge.target].append(edge.source)
    people = {
        each.id: each.name
        for each in session.get_many(sorted({one for some in by_edge.values() for one in some}), ())
    }
    for node in ordered:
        names = [people[one] for one in by_edge[node]] + ([told[node] or ""] if told.get(node) else [])
        for name in dict.fromkeys(names):
            owned[name].append(node)
    return [Owner(name, len(nodes), nodes[:_FEW]) for name, nodes in owned.items()]
