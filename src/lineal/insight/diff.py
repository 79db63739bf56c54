"""What differs between two runs, models, data sets or versions of a data set, also upstream of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.mlflow.names import PARAM, TAG
from lineal.graph.model import AnyRef, ById, Entity
from lineal.graph.openlineage import STATUS, run_ref
from lineal.graph.query import Part
from lineal.insight.code import CODE_PARTS, code_of, codes, makers
from lineal.insight.compare import mappings, schemas, statistics
from lineal.insight.inputs import Read, mlflow_states, read_by, read_of, versions_of
from lineal.insight.nodes import named
from lineal.insight.values import Changed, Difference

_PARTS: tuple[Part, ...] = ("properties", "facets", "metrics", "external")
_MOST = 500
_FARTHEST = 5
_MOST_RUNS = 40
_ENGINE = ("engine", "job.integration")
_LONGEST = 400

How = Literal["added", "dropped"]


class Side(NamedTuple):
    """One of the two: an entity, and of a data set perhaps one of its versions by name."""

    ref: AnyRef
    version: str = ""


def diff(session: Session, before: Side, after: Side) -> Difference:
    """What differs, near and upstream.

    Raises:
        NotFound: one of them, or such a version of it, cannot be seen.
        Invalid: the two are not of a sort.
    """
    old, new = session.get(before.ref, _PARTS), session.get(after.ref, _PARTS)
    comparison = _Comparison(session)
    changes = list(comparison.compare(_meant(session, old, before), _meant(session, new, after)))
    ids = [old.id, new.id, *(each.at for each in changes if each.at is not None)]
    return Difference(old.id, new.id, changes, named(session, ids), comparison.truncated)


class _State(NamedTuple):
    """A data set in one state, with the entity that it is shown as."""

    entity: Entity
    dataset: Entity
    read: Read


def _meant(session: Session, entity: Entity, side: Side) -> Entity | _State:
    """The entity, or the state of a data set that is meant."""
    types = session.types()
    if types.is_a(entity.kind, "dataset_version"):
        return _State(entity, session.get(ById(entity.home or 0), _PARTS), read_of(entity))
    if not types.is_a(entity.kind, "dataset"):
        if side.version:
            raise Invalid("only data sets have versions that are named like this")
        return entity
    return _state(session, entity, side.version)


def _state(session: Session, dataset: Entity, version: str) -> _State:
    versions = versions_of(session, dataset, _PARTS)
    if not version:
        newest = read_of(versions[-1]) if versions else Read()
        facets = dataset.facets
        read = Read(
            newest.version,
            facets.get("schema") or newest.schema,
            facets.get("statistics") or newest.statistics,
            newest.run,
        )
        return _State(dataset, dataset, read)
    for each in reversed(versions):
        if version in (read_of(each).version, each.uuid, each.uuid[:8], str(each.id)):
            return _State(each, dataset, read_of(each))
    for edge in session.edges([dataset.id], ("input",), "out", _MOST):
        for told in mlflow_states(edge):
            if told.version == version:
                return _State(dataset, dataset, told)
    raise NotFound(f"{dataset.name!r} has no version {version!r}; `lineal versions` lists them")


class _Comparison:
    """Compares two things and then those upstream of them, each pair once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._done: set[tuple[int, int]] = set()
        self.truncated = False

    def compare(self, old: Entity | _State, new: Entity | _State) -> Iterator[Changed]:
        if isinstance(old, _State) and isinstance(new, _State):
            yield from self._states(old, new)
            return
        if isinstance(old, _State) or isinstance(new, _State):
            raise Invalid("data is compared with data, a run with a run, a model with a model")
        before, after = (makers(self._session, each, 1) for each in (old, new))
        if not before or not after:
            raise Invalid("there are no runs to compare: of at least one of them nobody told how it was made")
        yield from self._runs([(before[0], after[0])])

    # Data

    def _states(self, old: _State, new: _State) -> Iterator[Changed]:
        yield from schemas(old.read.schema, new.read.schema)
        yield from statistics(old.read.statistics, new.read.statistics)
        if old.read.version != new.read.version:
            yield Changed("data", new.dataset.name, "changed", old.read.version, new.read.version)
        if old.dataset.id != new.dataset.id:
            yield Changed("data", "name", "changed", old.dataset.name, new.dataset.name)
        pair = self._pair(old.read.run, new.read.run)
        if pair is not None:
            yield from self._runs([pair], 1)

    def _pair(self, old: str, new: str) -> tuple[Entity, Entity] | None:
        """Runs by OpenLineage's ids, when they are two and both to be seen."""
        if not old or not new or old == new:
            return None
        found = [self._session.look_up(run_ref(number)) for number in (old, new)]
        return (found[0], found[1]) if found[0] and found[1] else None

    # Runs

    def _runs(self, pairs: list[tuple[Entity, Entity]], distance: int = 0) -> Iterator[Changed]:
        """Layer by layer upstream: runs, then those that wrote what they read."""
        while pairs:
            if distance > _FARTHEST or len(self._done) > _MOST_RUNS:
                self.truncated = True
                return
            following: list[tuple[Entity, Entity]] = []
            for old, new in pairs:
                if old.id != new.id and (old.id, new.id) not in self._done:
                    self._done.add((old.id, new.id))
                    yield from self._run(old.id, new.id, distance)
                    yield from self._inputs(old, new, distance, following)
            pairs, distance = following, distance + 1

    def _run(self, old: int, new: int, distance: int) -> Iterator[Changed]:
        before, after = (self._session.get(ById(each), _PARTS) for each in (old, new))
        more: dict[str, Any] = {"distance": distance, **({"at": new} if distance else {})}
        yield from mappings("code", self._code(before), self._code(after), **more)
        yield from mappings("parameters", _prefixed(before, PARAM), _prefixed(after, PARAM), **more)
        yield from mappings("environment", self._environment(before), self._environment(after), **more)
        yield from mappings("tags", _own_tags(before), _own_tags(after), **more)
        yield from mappings("outcome", _outcome(before), _outcome(after), **more)
        if not distance:
            yield from mappings("metrics", _metrics(before), _metrics(after), **more)

    def _code(self, run: Entity) -> dict[str, str]:
        [code] = codes(self._session, [run]) or [code_of(run)]
        return {key: value[:_LONGEST] for key in CODE_PARTS if (value := getattr(code, key))}

    def _environment(self, run: Entity) -> dict[str, Any]:
        """Python and packages of the run, or of the models that it made; the engine."""
        documents = [run.facets.get("environment")]
        if not isinstance(documents[0], dict):
            edges = self._session.edges([run.id], ("output",), "out", _FARTHEST)
            made = self._session.get_many([edge.target for edge in edges], ("facets",))
            documents = [each.facets.get("environment") for each in made]
        found = {key: run.properties[key] for key in _ENGINE if key in run.properties}
        for document in documents:
            found |= _packages(document)
        return found

    def _inputs(
        self, old: Entity, new: Entity, distance: int, following: list[tuple[Entity, Entity]]
    ) -> Iterator[Changed]:
        before, after = self._reads(old), self._reads(new)
        more: dict[str, Any] = {"distance": distance}
        for dataset in sorted({*before, *after}):
            name, was = before.get(dataset, ("", None))
            name, now = after.get(dataset, (name, None))
            if was is None or now is None:
                old_version = (was.version or "read") if was is not None else None
                new_version = (now.version or "read") if now is not None else None
                how: How = "added" if was is None else "dropped"
                yield Changed("data", name, how, old_version, new_version, at=dataset, **more)
                continue
            yield from _differing(name, was, now, dataset, distance)
            pair = self._pair(was.run, now.run)
            if pair is not None:
                following.append(pair)
                yield Changed("lineage", name, "changed", was.run, now.run, at=dataset, **more)

    def _reads(self, run: Entity) -> dict[int, tuple[str, Read]]:
        """What a run read: the name of each data set and its state, by id."""
        edges = self._session.edges([run.id], ("input",), "in", _MOST)
        ids = [edge.source for edge in edges]
        known = {each.id: each for each in self._session.get_many(ids, ("properties",))}
        at = run.started or run.created
        return {
            edge.source: (known[edge.source].name, read_by(self._session, edge, known[edge.source], at))
            for edge in edges
            if self._session.types().is_a(known[edge.source].kind, "dataset")
        }


def _differing(name: str, was: Read, now: Read, dataset: int, distance: int) -> Iterator[Changed]:
    """What is different in one data set that both read."""
    more: dict[str, Any] = {"at": dataset, "distance": distance}
    if was.version != now.version:
        yield Changed("data", name, "changed", was.version or None, now.version or None, **more)
    if was.schema is not None and now.schema is not None:
        yield from schemas(was.schema, now.schema, **more)
    yield from statistics(was.statistics, now.statistics, **more)


def _prefixed(run: Entity, prefix: str) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): value for key, value in run.properties.items() if key.startswith(prefix)
    }


def _own_tags(run: Entity) -> dict[str, Any]:
    """What people put there; MLflow's own tags are told as code and the like."""
    return {key: value for key, value in _prefixed(run, TAG).items() if not key.startswith("mlflow.")}


def _outcome(run: Entity) -> dict[str, Any]:
    return {key: run.properties[key] for key in (STATUS, "error") if key in run.properties}


def _metrics(run: Entity) -> dict[str, Any]:
    return {key: point.value for key, point in run.metrics.items()}


def _packages(document: Any) -> dict[str, Any]:
    """The Python version and packages with the versions asked for."""
    if not isinstance(document, dict):
        return {}
    found: dict[str, Any] = {"python": document["python"]} if document.get("python") else {}
    for line in document.get("requirements") or ():
        name, sign, version = str(line).partition("==")
        found[name.strip()] = version.strip() if sign else "any"
    return found
