"""Registered models into Lineal: a model with its versions and aliases in one commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from lineal.client import Client
from lineal.connect.conflicts import is_own
from lineal.connect.difference import difference
from lineal.connect.lookup import find_all, there_by_id
from lineal.connect.mlflow.records import Registered, Version
from lineal.connect.report import Report
from lineal.connect.writing import Writing
from lineal.graph.change import AnyOperation, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.mlflow import names, registry
from lineal.graph.model import AnyRef, ByExternal, ByName, ByUuid, Entity, External, Properties
from lineal.graph.query import And, Compare, Property, attribute


class Kept(NamedTuple):
    """A version as it is in the store once this is done."""

    ref: AnyRef
    uuid: str
    stage: str


class RegistryWriter:
    """Writes registered models.

    Args:
        client, writing, report: of the target.
    """

    def __init__(self, client: Client, writing: Writing, report: Report) -> None:
        self._client, self._writing, self._report = client, writing, report
        self._logged: Mapping[str, Entity] = {}
        self._runs: Mapping[str, Entity] = {}

    def put(self, models: Sequence[Registered]) -> None:
        """Write some models."""
        versions = [version for model in models for version in model.versions]
        self._runs = there_by_id(self._client, "run", names.RUN, {each.run for each in versions} - {""})
        logged = {each.model for each in versions} - {""}
        self._logged = there_by_id(self._client, "logged_model", names.MODEL, logged)
        wanted = attribute("name", "in", [model.name for model in models])
        found = find_all(self._client, "model", wanted, ("properties",))
        stored = {(each.namespace, each.name): each for each in found}
        for model in models:
            self._put(model, stored.get((model.workspace, model.name)))

    def _put(self, model: Registered, there: Entity | None) -> None:
        address = there or Entity(0, uuid.uuid4().hex, "model", model.workspace, model.name)
        own = there is None or is_own(self._client, there)
        stored = self._versions_of(there) if there else {}
        operations: list[AnyOperation] = []
        kept: dict[int, Kept] = {
            number: Kept(ByUuid(each.uuid), each.uuid, registry.stage_of(each))
            for number, each in stored.items()
            if each.state == "active"
        }
        for version in model.versions:
            operations += self._put_version(address, version, stored.get(version.number), kept)
        put = _put_model(model, address, kept)
        change = self._model_change(model, put, there, own)
        links = self._put_pointers(address, model, there, kept) if own else []
        self._writing.add("registered", model.name, [*([change] if change else []), *operations, *links])

    def _versions_of(self, model: Entity) -> dict[int, Entity]:
        inside = And([attribute("home", "=", model.id), Compare(Property(registry.NUMBER), "is not null")])
        found = find_all(self._client, "model_version", inside, ("properties", "external"))
        return {registry.number_of(each): each for each in found}

    def _model_change(
        self, model: Registered, put: PutEntity, there: Entity | None, own: bool
    ) -> PutEntity | None:
        """What is to be done to the model itself; when it was changed here, only what new versions need."""
        if there is None:
            self._report.add("registered", "new")
            return put
        change = difference(put, there, _is_own_of_model)
        if change is None:
            self._report.add("registered", "same")
        elif own:
            self._report.add("registered", "changed")
        else:
            self._report.add("registered", "kept")
            self._report.problem(
                "registered", model.name, "it was changed here since; only versions are added"
            )
            counted = {
                key: value
                for key, value in change.properties.items()
                if key == registry.LAST or key.startswith(registry.LATEST)
            }
            change = PutEntity(put.ref, kind="model", properties=counted, updated=there.updated)
        return change

    # Versions

    def _put_version(
        self, model: Entity, version: Version, there: Entity | None, kept: dict[int, Kept]
    ) -> Iterator[AnyOperation]:
        number = there.uuid if there else uuid.uuid4().hex
        put = _version(model, version, number)
        if there is not None and there.created != put.created:
            why = "another one of that number was made here"
            self._report.failed("versions", registry.version_name(model.name, version.number), why)
            return
        change = put if there is None else difference(put, there, _is_own_of_version)
        if there is not None and change is not None and not is_own(self._client, there):
            self._report.add("versions", "kept")
            return
        self._report.add("versions", "new" if there is None else "changed" if change else "same")
        kept[version.number] = Kept(put.ref or ByUuid(number), number, version.stage)
        if change is not None:
            yield change
        yield PutEdge("version", ByUuid(model.uuid), ByUuid(number))
        yield from self._origin(version, ByUuid(number))

    def _origin(self, version: Version, ref: AnyRef) -> Iterator[PutEdge]:
        """The logged model or the run that a version was made from, as far as they are here."""
        logged = self._logged.get(version.model)
        if logged is not None:
            yield PutEdge("derived", ByUuid(logged.uuid), ref)
        run = self._runs.get(version.run)
        if run is not None and (logged is None or logged.properties.get("source_run_id") != version.run):
            yield PutEdge("output", ByUuid(run.uuid), ref)

    # Aliases and stages

    def _put_pointers(
        self, model: Entity, record: Registered, there: Entity | None, kept: Mapping[int, Kept]
    ) -> Iterator[AnyOperation]:
        """Nodes of aliases and of stages in which versions serve, each led to by its versions and no others."""
        wanted: dict[ByExternal, tuple[PutEntity, list[str]]] = {}
        for alias, number in record.aliases.items():
            if number in kept:
                wanted[registry.alias_ref(model, alias)] = (
                    registry.put_alias(model, alias),
                    [kept[number].uuid],
                )
        for stage in registry.SERVING:
            serving = [each.uuid for each in kept.values() if each.stage == stage]
            if serving:
                wanted[registry.stage_ref(model, stage)] = (registry.put_stage(model, stage), serving)
        leading = self._leading(there) if there else {}
        for ref, (put, versions) in wanted.items():
            if ref not in leading:
                yield msgspec.structs.replace(put, home=ByUuid(model.uuid))
            yield from (
                PutEdge("deployed_as", ByUuid(each), ref)
                for each in versions
                if each not in leading.get(ref, ())
            )
        yield from _withdrawn(leading, {ref: versions for ref, (_, versions) in wanted.items()})

    def _leading(self, model: Entity) -> dict[ByExternal, list[str]]:
        """The pointers of a stored model, each with the versions that lead to it."""
        inside = attribute("home", "=", model.id)
        found: dict[ByExternal, list[str]] = {}
        for node in find_all(self._client, "alias", inside, ("external",), state="active"):
            around = self._client.around(node)
            others = {each.id: each.uuid for each in around.neighbours}
            number = names.outside_id(node, registry.POINTER)
            if number is not None:
                found[ByExternal(registry.POINTER, number)] = [
                    others[edge.source]
                    for edge in around.edges
                    if edge.kind == "deployed_as" and edge.source in others and edge.target == node.id
                ]
        return found


def _withdrawn(
    leading: Mapping[ByExternal, Iterable[str]], wanted: Mapping[ByExternal, Sequence[str]]
) -> Iterator[AnyOperation]:
    for ref, versions in leading.items():
        for each in versions:
            if each not in wanted.get(ref, ()):
                yield Remove(ByUuid(each), TheEdge("deployed_as", ref))
        if ref not in wanted and "@" in ref.id:
            yield PutEntity(ref, kind="alias", state="deleted")


def _put_model(model: Registered, address: Entity, kept: Mapping[int, Kept]) -> PutEntity:
    last = address.properties.get(registry.LAST)
    properties: Properties = {
        registry.LAST: max(model.last, *kept, last if isinstance(last, int) else 0, 0)
    } | names.prefixed(names.TAG, model.tags)
    if model.description:
        properties["description"] = model.description
    properties |= {registry.ALIAS + alias: number for alias, number in model.aliases.items()}
    for number in sorted(kept):
        properties[registry.LATEST + kept[number].stage] = kept[number].uuid
    ref: AnyRef = ByUuid(address.uuid)
    if address.id:
        ref = ByName("model", address.name, address.namespace)
    return PutEntity(
        ref,
        kind="model",
        namespace=model.workspace,
        name=model.name,
        unique=True,
        created=model.created,
        updated=model.updated,
        properties=properties,
    )


def _version(model: Entity, version: Version, number: str) -> PutEntity:
    own = {
        "source": version.source,
        "storage_location": version.location,
        "run_id": version.run,
        "run_link": version.run_link,
        "model_id": version.model,
        "description": version.description,
        "status": version.status if version.status != "READY" else "",
        "message": version.message,
        registry.STAGE: version.stage if version.stage != registry.STAGE_NONE else "",
    }
    given: Properties = {key: value for key, value in own.items() if value}
    return PutEntity(
        ByUuid(number),
        kind="model_version",
        namespace=model.namespace,
        name=registry.version_name(model.name, version.number),
        home=ByUuid(model.uuid),
        owner=version.user or None,
        created=version.created,
        updated=version.updated,
        properties={registry.NUMBER: version.number, **given, **names.prefixed(names.TAG, version.tags)},
        external=[External(registry.VERSION, registry.version_ref(model, version.number).id)],
    )


_VERSION_KEYS = frozenset({
    "source", "storage_location", "run_id", "run_link", "model_id", "description", "status", "message",
    registry.STAGE,
})  # fmt: skip


def _is_own_of_version(key: str) -> bool:
    return key in _VERSION_KEYS or key.startswith(names.TAG)


def _is_own_of_model(key: str) -> bool:
    return key == "description" or key.startswith((names.TAG, registry.ALIAS, registry.LATEST))
