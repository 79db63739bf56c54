"""Between resources in JSON and entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineal.graph.addresses import outside_id, scoped
from lineal.graph.errors import Invalid
from lineal.graph.model import Entity, External, Properties
from lineal.graph.types import Types
from lineal.protocols.kubeflow import values
from lineal.protocols.kubeflow.errors import Unprocessable
from lineal.protocols.kubeflow.resources import (
    BY_KIND,
    BY_TYPE,
    END,
    LOCATION,
    METRIC,
    OWNER,
    PARAMETER,
    RUN,
    START,
    VERSION,
    Field,
    Resource,
)

LATER = "v1"
"""The later of the two generations of the protocol."""
DESCRIPTION = "description"
_COMMON = {"description", "externalId", "customProperties"}
_NEW = {"name"}
_READ_ONLY = {"id", "createTimeSinceEpoch", "lastUpdateTimeSinceEpoch", "experimentId", "experimentRunId"}
"""What only a whole artifact may say, and what it says is not taken in."""
_TYPE = "artifactType"
_OWN_TIMES = {START.name: "started", END.name: "ended"}


def resource_of(types: Types, entity: Entity) -> Resource | None:
    """What an entity, with its properties, is shown as; None when it is nothing here."""
    found = _of_kind(types, entity.kind)
    if found is None or (found.contained and entity.home is None) or LOCATION in entity.properties:
        return None
    return found


def _of_kind(types: Types, kind: str) -> Resource | None:
    if kind in BY_KIND:
        return BY_KIND[kind]
    return next((found for name, found in BY_KIND.items() if types.is_a(kind, name)), None)


# Reading


def shown(resource: Resource, entity: Entity, version: str, home: Entity | None) -> dict[str, Any]:
    """An entity as a resource.

    Args:
        resource: which.
        entity: with properties and outside addresses.
        version: of the protocol. Since `v1` a step is text, and artifacts do not tell of experiments.
        home: what it lies in, for artifacts.
    """
    properties = entity.properties
    found: dict[str, Any] = {
        "id": str(entity.id),
        "name": name_of(resource, entity),
        "createTimeSinceEpoch": str(entity.created),
        "lastUpdateTimeSinceEpoch": str(entity.updated),
        "customProperties": values.custom_of(properties),
    }
    if properties.get(DESCRIPTION):
        found["description"] = str(properties[DESCRIPTION])
    external = outside_id(entity, resource.external)
    if external is not None:
        found["externalId"] = external
    for field in resource.fields:
        value = _value(resource, field, entity)
        if value is not None:
            found[field.name] = values.shown(field, value)
    if resource.artifact_type:
        found[_TYPE] = resource.artifact_type
    if version == LATER:
        return found | ({"step": str(found["step"])} if "step" in found else {})
    return found | _produced_by(resource, home)


def _value(resource: Resource, field: Field, entity: Entity) -> Any:
    if field is OWNER:
        return entity.owner
    if field.name in _OWN_TIMES:
        return getattr(entity, _OWN_TIMES[field.name])
    if field.name == resource.parent_field:
        return entity.home
    return entity.properties.get(field.key, field.default)


def _produced_by(resource: Resource, home: Entity | None) -> dict[str, Any]:
    if not resource.artifact_type or home is None or home.kind != RUN.kind or home.home is None:
        return {}
    return {"experimentRunId": str(home.id), "experimentId": str(home.home)}


def name_of(resource: Resource, entity: Entity) -> str:
    """What a resource is called; a version that MLflow numbered is called by its number."""
    number = entity.properties.get("version")
    return str(number) if resource is VERSION and isinstance(number, int) else entity.name


# Writing


class Asked:
    """A resource that a client sends, checked and taken apart.

    Args:
        resource: which.
        given: what the client sends.
        new: whether it is to be made, so that some fields must be there.
        whole: whether it may hold what only the server says, as when a client sends back what it has read.

    Attributes:
        name: None when it is not given.
        external_id: None when it is not given.
        properties: None for what is taken away.
        given: names of the fields that are there.
        times: `started` and `ended` of a run.
    """

    def __init__(
        self, resource: Resource, given: Mapping[str, Any], *, new: bool, whole: bool = False
    ) -> None:
        values.unknown_fields(given, _known(resource, new, whole))
        self.given = {name for name, value in given.items() if value is not None}
        self.resource = resource
        self._raw = given
        self.name = _text(given, "name")
        self.external_id = _text(given, "externalId")
        self.owner = _text(given, OWNER.name) if OWNER in resource.fields else None
        self.times: dict[str, int] = {}
        self.parent: int | None = None
        self.properties = self._properties()
        if new:
            self._check_new()

    def _properties(self) -> Properties:
        found: Properties = {}
        if DESCRIPTION in self.given:
            found[DESCRIPTION] = _text(self._raw, DESCRIPTION) or None
        for field in self.resource.fields:
            if field is OWNER or field.name not in self.given:
                continue
            value = values.read(field, _lenient(self.resource, field, self._raw[field.name]))
            if field.name in _OWN_TIMES and isinstance(value, int):
                self.times[_OWN_TIMES[field.name]] = value
            elif field.name == self.resource.parent_field and isinstance(value, int):
                self.parent = value
            else:
                found[field.key] = value
        if "customProperties" in self.given:
            found |= values.read_custom(self._raw["customProperties"])
        return found

    def _check_new(self) -> None:
        required = [field.name for field in self.resource.fields if field.required]
        missing = [name for name in required if name not in self.given]
        if self.resource is METRIC and "value" in missing:
            raise Invalid("metric value is required")
        if self.resource.named and not self.name:
            missing.insert(0, "name")
        if missing:
            raise Unprocessable(f"required field '{missing[0]}' is zero value.")
        for field in self.resource.fields:
            if field.default is not None and field.key:
                self.properties.setdefault(field.key, field.default)

    def changes(self, entity: Entity) -> Properties:
        """What an update alters; custom properties are replaced as a whole, if they are given at all.

        MLflow's own tags stay, without which its clients would not know the entity again.
        """
        fixed = {field.key for field in self.resource.fields if field.fixed}
        found = {key: value for key, value in self.properties.items() if key not in fixed}
        if "customProperties" in self.given:
            gone = {key for key in entity.properties if values.is_replaceable(key)} - found.keys()
            found |= dict.fromkeys(gone)
        return found

    def external(self, namespace: str, former: str | None = None) -> list[External]:
        """The outside address within a namespace, unless it is the former one."""
        if not self.external_id or self.external_id == former:
            return []
        return [External(scoped(self.resource.external, namespace), self.external_id)]


def _known(resource: Resource, new: bool, whole: bool) -> set[str]:
    """The names of the fields that a client may send."""
    own = {field.name for field in resource.fields if new or whole or not field.fixed}
    found = _COMMON | own | (_NEW if new or whole else set())
    if resource.artifact_type:
        found.add(_TYPE)
    return found | _READ_ONLY if whole else found


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} must be text, not {value!r}")
    if value is not None and "\0" in value:
        raise Invalid(f"{name} may not hold the character NUL")
    return value


def _lenient(resource: Resource, field: Field, value: Any) -> Any:
    """Since `v1` a step is text."""
    if resource is METRIC and field.name == "step" and isinstance(value, str):
        return values.whole_number(value, "step")
    return value


def artifact_resource(given: Mapping[str, Any]) -> Resource:
    """Which sort of artifact a client sends; Invalid when it does not say."""
    found = BY_TYPE.get(str(given.get("artifactType")))
    if found is None:
        raise Invalid(f"artifactType must be one of {', '.join(BY_TYPE)}, not {given.get('artifactType')!r}")
    return found


def measured(resource: Resource) -> bool:
    """Whether an artifact is one of those that a run has by name, and that are told of it as well."""
    return resource in (METRIC, PARAMETER)
