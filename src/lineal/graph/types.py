"""Kinds, edge kinds, structs, enums and classifications: what there can be, as data.

Rich enough for ML Metadata's types (typed properties, evolution, simple types) and for Atlas's typedefs
(multiple supertypes, nested structs, enums, relationships with attributes). Built-in definitions are at the
end of this file, one entry each; users add theirs at run time with `PutType`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, TypeVar

import msgspec

from lineal.graph.errors import Conflict, Invalid

Flow = Literal["forward", "backward"]

_PRIMITIVES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "double": (float, int),
    "string": (str,),
    "boolean": (bool,),
    "time": (int,),
    "json": (dict, list, str, int, float, bool),
}
_GENERIC = re.compile(r"^(array|map)<(.+)>$")


class AttributeDef(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One typed attribute.

    Attributes:
        type: `int`, `double`, `string`, `boolean`, `time` (ms), `json`, `array<T>`, `map<string,T>`, or the
            name of a struct, an enum or a kind (a reference to an entity).
        unique: no two entities of the kind share a value.
    """

    name: str
    type: str = "string"
    required: bool = False
    unique: bool = False
    indexed: bool = False
    default: Any = None
    description: str = ""


class Definition(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="category", forbid_unknown_fields=True
):
    """Base of what `PutType` may put."""

    name: str
    description: str = ""
    version: str = "1.0"
    origin: str = ""


class KindDef(Definition, frozen=True, omit_defaults=True, tag="kind"):
    """A kind of entity.

    Attributes:
        identity: name of the kind within which names are unique; inherited when empty. `asset` lets a data
            set and an artifact of one name be one node.
        closed: whether properties that are not declared are refused.
        abstract: no entity may have just this kind.
    """

    supertypes: list[str] = []
    attributes: list[AttributeDef] = []
    identity: str = ""
    closed: bool = False
    abstract: bool = False
    options: dict[str, Any] = {}


class EdgeDef(Definition, frozen=True, omit_defaults=True, tag="edge"):
    """A kind of edge.

    Attributes:
        source, target: kinds allowed at the ends.
        lineage: whether data runs from source to target.
        flow: which way classifications travel: `forward` from source to target, `backward`, or not at all.
        cardinality: of the target seen from the source: `one`, `set` or `list`.
    """

    source: str = "entity"
    target: str = "entity"
    lineage: bool = False
    flow: Flow | None = None
    cardinality: Literal["one", "set", "list"] = "set"
    containment: bool = False
    attributes: list[AttributeDef] = []
    options: dict[str, Any] = {}


class StructDef(Definition, frozen=True, omit_defaults=True, tag="struct"):
    """A nested value with typed attributes."""

    attributes: list[AttributeDef] = []


class EnumDef(Definition, frozen=True, omit_defaults=True, tag="enum"):
    """A closed list of words."""

    values: list[str] = []
    default: str | None = None


class LabelDef(Definition, frozen=True, omit_defaults=True, tag="classification"):
    """A classification. A child counts as its parents when access is decided."""

    supertypes: list[str] = []
    attributes: list[AttributeDef] = []
    kinds: list[str] = []
    propagates: bool = True


AnyDef = KindDef | EdgeDef | StructDef | EnumDef | LabelDef
T = TypeVar("T", KindDef, EdgeDef)


class Types:
    """All definitions at one moment, built in and added; immutable, so it may be shared between threads."""

    def __init__(self, added: Iterable[AnyDef] = ()) -> None:
        self._all: dict[tuple[type, str], AnyDef] = {}
        for definition in (*BUILT_IN, *added):
            self._all[type(definition), definition.name] = definition
        self._above: dict[str, frozenset[str]] = {}
        self._below: dict[str, frozenset[str]] = {}

    def all(self) -> list[AnyDef]:
        """Every definition, in the order in which it came."""
        return list(self._all.values())

    def with_(self, definition: AnyDef) -> Types:
        """These and one more, which replaces its namesake.

        Raises:
            Invalid: it refers to something unknown or is ill-formed.
            Conflict: it contradicts the definition it would replace.
        """
        self._check_definition(definition)
        old = self._all.get((type(definition), definition.name))
        if old is not None:
            _check_evolution(old, definition)
        return Types([*list(self._all.values())[len(BUILT_IN) :], definition])

    def kind(self, name: str) -> KindDef:
        """The kind of this name; Invalid when there is none."""
        return self._get(KindDef, name)

    def edge(self, name: str) -> EdgeDef:
        """The edge kind of this name; Invalid when there is none."""
        return self._get(EdgeDef, name)

    def label(self, name: str) -> LabelDef | None:
        """The classification of this name, if one is declared; others are free-form and propagate."""
        found = self._all.get((LabelDef, name))
        return found if isinstance(found, LabelDef) else None

    def has(self, category: type[Definition], name: str) -> bool:
        """Whether a definition of this category and name exists."""
        return (category, name) in self._all

    def edges(self) -> list[EdgeDef]:
        """Every edge kind."""
        return [found for found in self._all.values() if isinstance(found, EdgeDef)]

    def ancestors(self, kind: str) -> frozenset[str]:
        """The kind and everything it inherits from."""
        if kind not in self._above:
            parents = (self.ancestors(parent) for parent in self.kind(kind).supertypes)
            self._above[kind] = frozenset({kind}).union(*parents)
        return self._above[kind]

    def subkinds(self, kind: str) -> frozenset[str]:
        """The kind and everything that inherits from it."""
        if kind not in self._below:
            names = (found.name for found in self._all.values() if isinstance(found, KindDef))
            self._below[kind] = frozenset(name for name in names if kind in self.ancestors(name))
        return self._below[kind]

    def sublabels(self, name: str) -> frozenset[str]:
        """The classification and everything that inherits from it."""
        found = {name}
        for definition in self._all.values():
            if isinstance(definition, LabelDef) and found & set(definition.supertypes):
                found |= self.sublabels(definition.name)
        return frozenset(found)

    def is_a(self, kind: str, ancestor: str) -> bool:
        """Whether `kind` is `ancestor` or inherits from it."""
        return ancestor in self.ancestors(kind)

    def identity(self, kind: str) -> str:
        """The kind within which names of this kind are unique."""
        definition = self.kind(kind)
        if definition.identity:
            return definition.identity
        return next((self.identity(parent) for parent in definition.supertypes), kind)

    def attributes(self, kind: str) -> dict[str, AttributeDef]:
        """Declared attributes by name, inherited ones included."""
        found: dict[str, AttributeDef] = {}
        for parent in self.kind(kind).supertypes:
            found |= self.attributes(parent)
        return found | {each.name: each for each in self.kind(kind).attributes}

    def refine(self, old: str, new: str) -> str:
        """The more specific of two kinds of one entity; the old one when neither is a kind of the other."""
        return new if self.is_a(new, old) else old

    def check_properties(self, kind: str, properties: dict[str, Any], whole: bool) -> None:
        """Hold values against the kind's declared attributes.

        Args:
            kind: of the entity.
            properties: a value of None means removal.
            whole: whether required attributes must be there (a new entity).

        Raises:
            Invalid: a value has the wrong type, an attribute is unknown to a closed kind, or one is missing.
        """
        declared = self.attributes(kind)
        if not declared and not self.kind(kind).closed:
            return
        for key, value in properties.items():
            if key in declared:
                self.check_value(f"{kind}.{key}", declared[key].type, value)
            elif self.kind(kind).closed:
                raise Invalid(f"{kind} has no attribute {key!r}")
        missing = [key for key, each in declared.items() if each.required and properties.get(key) is None]
        if whole and missing:
            raise Invalid(f"{kind} requires {', '.join(missing)}")

    def check_value(self, where: str, type_name: str, value: Any) -> None:
        """Hold one value against a type expression; Invalid when it does not fit."""
        if value is None:
            return
        generic = _GENERIC.match(type_name)
        if generic:
            self._check_items(where, generic[1], generic[2], value)
        elif type_name in _PRIMITIVES:
            allowed = _PRIMITIVES[type_name]
            if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
                raise Invalid(f"{where} must be {type_name}, not {type(value).__name__}")
        else:
            self._check_named(where, type_name, value)

    def _check_items(self, where: str, shape: str, inner: str, value: Any) -> None:
        if not isinstance(value, list if shape == "array" else dict):
            raise Invalid(f"{where} must be {shape}<{inner}>, not {type(value).__name__}")
        item_type = inner if shape == "array" else inner.split(",", 1)[-1].strip()
        for item in value if isinstance(value, list) else value.values():
            self.check_value(f"{where}[]", item_type, item)

    def _check_named(self, where: str, type_name: str, value: Any) -> None:
        enum, struct = self._all.get((EnumDef, type_name)), self._all.get((StructDef, type_name))
        if isinstance(enum, EnumDef):
            if value not in enum.values:
                raise Invalid(f"{where} must be one of {', '.join(enum.values)}, not {value!r}")
        elif isinstance(struct, StructDef):
            self._check_struct(where, struct, value)
        elif not self.has(KindDef, type_name):
            raise Invalid(f"{where} has the unknown type {type_name!r}")

    def _check_struct(self, where: str, struct: StructDef, value: Any) -> None:
        if not isinstance(value, dict):
            raise Invalid(f"{where} must be a {struct.name}, not {type(value).__name__}")
        declared = {each.name: each for each in struct.attributes}
        for key, item in value.items():
            if key not in declared:
                raise Invalid(f"{where}: {struct.name} has no attribute {key!r}")
            self.check_value(f"{where}.{key}", declared[key].type, item)
        missing = [key for key, each in declared.items() if each.required and value.get(key) is None]
        if missing:
            raise Invalid(f"{where}: {struct.name} requires {', '.join(missing)}")

    def _check_definition(self, definition: AnyDef) -> None:
        if not definition.name.strip():
            raise Invalid("a type needs a name")
        category = type(definition)
        if isinstance(definition, KindDef | LabelDef):
            for parent in definition.supertypes:
                if parent == definition.name or not self.has(category, parent):
                    raise Invalid(f"{definition.name}: unknown supertype {parent!r}")
        if isinstance(definition, EdgeDef):
            for end in (definition.source, definition.target):
                self.kind(end)
        for each in getattr(definition, "attributes", []):
            self._check_type_name(definition.name, each.type)

    def _check_type_name(self, where: str, type_name: str) -> None:
        generic = _GENERIC.match(type_name)
        if generic:
            inner = generic[2].split(",", 1)[-1].strip() if generic[1] == "map" else generic[2]
            self._check_type_name(where, inner)
            return
        named = any(self.has(category, type_name) for category in (EnumDef, StructDef, KindDef))
        if not named and type_name not in _PRIMITIVES and type_name != where:
            raise Invalid(f"{where}: unknown type {type_name!r}")

    def _get(self, category: type[T], name: str) -> T:
        found = self._all.get((category, name))
        if not isinstance(found, category):
            raise Invalid(f"unknown {category.__name__[:-3].lower()} {name!r}")
        return found


def _check_evolution(old: AnyDef, new: AnyDef) -> None:
    """Refuse what would make stored values wrong: a changed type, or a new attribute that is required."""
    if old in BUILT_IN and new != old:
        raise Conflict(f"{old.name} is built in and cannot change")
    before = {each.name: each for each in getattr(old, "attributes", [])}
    after = {each.name: each for each in getattr(new, "attributes", [])}
    for name, each in after.items():
        if name in before and before[name].type != each.type:
            raise Conflict(f"{old.name}.{name} is {before[name].type} and cannot become {each.type}")
        if name not in before and each.required:
            raise Conflict(f"{old.name}.{name} is new and cannot be required")
    lost = sorted(before.keys() - after.keys())
    if lost:
        raise Conflict(f"{old.name} cannot lose {', '.join(lost)}")


def _kind(
    name: str, *supertypes: str, identity: str = "", abstract: bool = False, about: str = ""
) -> KindDef:
    return KindDef(name, about, supertypes=list(supertypes), identity=identity, abstract=abstract)


def _edge(name: str, source: str, target: str, flow: Flow | None, lineage: bool, about: str) -> EdgeDef:
    return EdgeDef(name, about, source=source, target=target, lineage=lineage, flow=flow)


BUILT_IN: tuple[AnyDef, ...] = (
    _kind("entity", abstract=True, about="anything"),
    _kind("asset", "entity", identity="asset", about="something made, stored and used"),
    _kind("dataset", "asset", about="a table, file or folder of data"),
    _kind("column", "asset", about="a field of a data set"),
    _kind("artifact", "asset", about="a file or folder that a process wrote"),
    _kind("model", "asset", identity="model", about="a registered model"),
    _kind("model_version", "asset", identity="model_version", about="an immutable version of a model"),
    _kind("logged_model", "asset", identity="logged_model", about="a model as a run logged it"),
    _kind(
        "feature_group", "asset", identity="feature_group", about="features that share an entity and a source"
    ),
    _kind("feature", "asset", identity="feature", about="one input of a model"),
    _kind("dashboard", "asset", identity="dashboard", about="charts over data sets"),
    _kind("metric_set", "asset", identity="metric_set", about="metrics reported together"),
    _kind("trace", "asset", identity="trace", about="a recorded call of an application"),
    _kind("process", "entity", identity="process", about="something that reads and writes assets"),
    _kind("job", "process", identity="job", about="a process that can run many times"),
    _kind("run", "process", identity="run", about="one execution"),
    _kind("context", "entity", identity="context", about="something that groups others"),
    _kind("experiment", "context", identity="experiment", about="runs that are compared"),
    _kind("pipeline", "context", identity="pipeline", about="jobs that run together"),
    _kind("project", "context", identity="project", about="work of one team"),
    _kind("workspace", "context", identity="workspace", about="a tenant"),
    _kind("person", "entity", identity="person", about="somebody who owns or does"),
    _kind("group", "entity", identity="group", about="several people"),
    _kind("term", "entity", identity="term", about="a word of the glossary"),
    _edge("input", "entity", "process", "forward", True, "the process reads the asset"),
    _edge("output", "process", "entity", "forward", True, "the process writes the asset"),
    _edge("derived", "entity", "entity", "forward", True, "the target was made from the source"),
    _edge("version", "asset", "asset", "forward", True, "the target is a version of the source"),
    _edge("member", "entity", "entity", "backward", False, "the source contains the target"),
    _edge("parent", "entity", "entity", None, False, "the source is above the target"),
    _edge("run_of", "process", "process", None, False, "the source is an execution of the target"),
    _edge("owns", "entity", "entity", None, False, "the source is responsible for the target"),
    _edge("describes", "entity", "entity", None, False, "the source explains the target"),
    _edge("deployed_as", "asset", "entity", "forward", True, "the source serves as the target"),
    _edge("same_as", "entity", "entity", None, False, "two names of one thing"),
)
