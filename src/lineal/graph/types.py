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

from lineal.graph import evolution
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
WORKSPACE = "workspace"
"""The kind of entity that stands for a namespace of one team."""
_LONGEST = 300
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
        self._unique: dict[str, frozenset[str]] = {}
        self._identities: dict[str, str] = {}
        self._attributes: dict[str, dict[str, AttributeDef]] = {}

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
        found = Types([*list(self._all.values())[len(BUILT_IN) :], definition])
        if old is not None:
            self._check_evolution(found, old, definition)
        return found

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

    def travels(self, name: str) -> bool:
        """Whether a classification of this name travels along edges."""
        definition = self.label(name)
        return definition is None or definition.propagates

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
        if kind not in self._identities:
            definition = self.kind(kind)
            inherited = (self.identity(parent) for parent in definition.supertypes)
            self._identities[kind] = definition.identity or next(inherited, kind)
        return self._identities[kind]

    def attributes(self, kind: str) -> dict[str, AttributeDef]:
        """Declared attributes by name, inherited ones included. Not to be changed."""
        if kind not in self._attributes:
            definition = self.kind(kind)
            inherited = [self.attributes(parent) for parent in definition.supertypes]
            found = dict(pair for each in inherited for pair in each.items())
            self._attributes[kind] = found | _by_name(definition.attributes)
        return self._attributes[kind]

    def label_attributes(self, name: str) -> dict[str, AttributeDef]:
        """The same of a classification; none when it is not declared."""
        definition = self.label(name)
        if definition is None:
            return {}
        inherited = [self.label_attributes(parent) for parent in definition.supertypes]
        return dict(pair for each in inherited for pair in each.items()) | _by_name(definition.attributes)

    def unique(self, kind: str) -> frozenset[str]:
        """Attributes of which no two entities have the same value."""
        if kind not in self._unique:
            found = self.attributes(kind).values()
            self._unique[kind] = frozenset(each.name for each in found if each.unique)
        return self._unique[kind]

    def label_kinds(self, name: str) -> list[str]:
        """Kinds that may bear a classification: its own, or else those of what it inherits from; [] for all."""
        definition = self.label(name)
        if definition is None:
            return []
        inherited = (self.label_kinds(parent) for parent in definition.supertypes)
        return definition.kinds or next((kinds for kinds in inherited if kinds), [])

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
        declared, closed = self.attributes(kind), self.kind(kind).closed
        if not declared and not closed:
            return
        unknown = properties.keys() - declared.keys()
        if closed and unknown:
            raise Invalid(f"{kind} has no attribute {min(unknown)!r}")
        self.check_attributes(kind, declared, properties, whole)

    def check_detail(self, kind: str, detail: dict[str, Any], whole: bool) -> None:
        """The same for the attributes of an edge."""
        if attributes := self.edge(kind).attributes:
            self.check_attributes(kind, _by_name(attributes), detail, whole)

    def check_attributes(
        self, where: str, declared: dict[str, AttributeDef], values: dict[str, Any], whole: bool
    ) -> None:
        """Hold values against declared attributes; others pass. Invalid as in `check_properties`."""
        for key, value in values.items():
            if key in declared:
                self.check_value(f"{where}.{key}", declared[key].type, value)
        required = [key for key, each in declared.items() if each.required]
        missing = [key for key in required if values.get(key) is None and (whole or key in values)]
        if missing:
            raise Invalid(f"{where} requires {', '.join(missing)}")

    def check_value(self, where: str, type_name: str, value: Any) -> None:
        """Hold one value against a type expression; Invalid when it does not fit."""
        if value is None:
            return
        if type_name in _PRIMITIVES:
            allowed = _PRIMITIVES[type_name]
            if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
                raise Invalid(f"{where} must be {type_name}, not {type(value).__name__}")
        elif generic := _GENERIC.match(type_name):
            self._check_items(where, generic[1], generic[2], value)
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
        declared = _by_name(struct.attributes)
        unknown = value.keys() - declared.keys()
        if unknown:
            raise Invalid(f"{where}: {struct.name} has no attribute {min(unknown, key=str)!r}")
        self.check_attributes(where, declared, value, whole=True)

    def _check_definition(self, definition: AnyDef) -> None:
        if not definition.name.strip():
            raise Invalid("a type needs a name")
        match definition:
            case KindDef(identity=identity):
                below = self.subkinds(definition.name) if self.has(KindDef, definition.name) else frozenset()
                self._check_supertypes(definition, below)
                if identity not in ("", definition.name):
                    self.kind(identity)
            case LabelDef(kinds=kinds):
                self._check_supertypes(definition, self.sublabels(definition.name))
                for kind in kinds:
                    self.kind(kind)
            case EdgeDef(source=source, target=target):
                for end in (source, target):
                    self.kind(end)
            case EnumDef(values=values, default=default):
                if default is not None and default not in values:
                    raise Invalid(f"{definition.name}: the default {default!r} is none of its values")
        self._check_attributes(definition)

    def _check_supertypes(self, definition: KindDef | LabelDef, below: frozenset[str]) -> None:
        for parent in definition.supertypes:
            if parent == definition.name or parent in below:
                raise Invalid(f"{definition.name} cannot be below {parent!r}, which is below it or is it")
            if not self.has(type(definition), parent):
                raise Invalid(f"{definition.name}: unknown supertype {parent!r}")

    def _check_attributes(self, definition: AnyDef) -> None:
        types: dict[str, str] = {}
        for attributes in self._inherited(definition):
            for each in attributes:
                known = types.setdefault(each.name, each.type)
                if known != each.type:
                    raise Invalid(f"{definition.name}.{each.name} cannot be both {known} and {each.type}")
        own = _own(definition)
        if len({each.name for each in own}) < len(own) or not all(each.name for each in own):
            raise Invalid(f"{definition.name}: each attribute needs a name of its own")
        for each in own:
            self._check_type_name(definition.name, each.type)
            if each.type != definition.name:
                self.check_value(f"the default of {definition.name}.{each.name}", each.type, each.default)

    def _inherited(self, definition: AnyDef) -> list[list[AttributeDef]]:
        """Attributes of each supertype, and the definition's own."""
        found = [_own(definition)]
        if isinstance(definition, KindDef):
            found += [list(self.attributes(parent).values()) for parent in definition.supertypes]
        if isinstance(definition, LabelDef):
            found += [list(self.label_attributes(parent).values()) for parent in definition.supertypes]
        return found

    def _check_evolution(self, after: Types, old: AnyDef, new: AnyDef) -> None:
        if new != old and old in BUILT_IN:
            raise Conflict(f"{old.name} is built in and cannot change")
        match old, new:
            case KindDef(), KindDef():
                evolution.check_kind(self, after, old, new)
            case LabelDef(), LabelDef():
                evolution.check_label(self, after, old, new)
            case EdgeDef(), EdgeDef():
                evolution.check_edge(self, old, new)
            case EnumDef(), EnumDef():
                evolution.check_enum(old, new)
        evolution.check_attributes(old.name, _by_name(_own(old)), _by_name(_own(new)))

    def _check_type_name(self, where: str, type_name: str) -> None:
        if len(type_name) > _LONGEST:
            raise Invalid(f"{where}: a type may have {_LONGEST} characters")
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


def _own(definition: AnyDef) -> list[AttributeDef]:
    return [] if isinstance(definition, EnumDef) else definition.attributes


def _by_name(attributes: list[AttributeDef]) -> dict[str, AttributeDef]:
    return {each.name: each for each in attributes}


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
    _kind("dataset_version", "asset", identity="dataset_version", about="a data set as it was at one time"),
    _kind("column", "asset", about="a field of a data set"),
    _kind("artifact", "asset", about="a file or folder that a process wrote"),
    _kind("model", "asset", identity="model", about="a registered model"),
    _kind("model_version", "asset", identity="model_version", about="an immutable version of a model"),
    _kind("logged_model", "asset", identity="logged_model", about="a model as a run logged it"),
    _kind("alias", "entity", identity="alias", about="a movable name for a version"),
    _kind(
        "feature_group", "asset", identity="feature_group", about="features that share an entity and a source"
    ),
    _kind("feature", "asset", identity="feature", about="one input of a model"),
    _kind("dashboard", "asset", identity="dashboard", about="charts over data sets"),
    _kind("metric_set", "asset", identity="metric_set", about="metrics reported together"),
    _kind("trace", "asset", identity="trace", about="a recorded call of an application"),
    _kind("assessment", "entity", identity="assessment", about="what somebody judges a trace to be"),
    _kind("scorer", "asset", identity="scorer", about="a judge of what a model or an application answers"),
    _kind("scorer_version", "asset", identity="scorer_version", about="an immutable version of a scorer"),
    _kind("document", "asset", identity="document", about="text about something, for people"),
    _kind("metric", "entity", identity="metric", about="what one tool tells of a metric besides its values"),
    _kind("parameter", "entity", identity="parameter", about="the same of a parameter"),
    _kind("process", "entity", identity="process", about="something that reads and writes assets"),
    _kind("job", "process", identity="job", about="a process that can run many times"),
    _kind("run", "process", identity="run", about="one execution"),
    _kind("context", "entity", identity="context", about="something that groups others"),
    _kind("experiment", "context", identity="experiment", about="runs that are compared"),
    _kind("pipeline", "context", identity="pipeline", about="jobs that run together"),
    _kind("project", "context", identity="project", about="work of one team"),
    _kind(WORKSPACE, "context", identity=WORKSPACE, about="a tenant, which has the namespace of its name"),
    _kind("review_queue", "context", identity="review_queue", about="traces that wait for reviewers"),
    _kind("label_schema", "entity", identity="label_schema", about="a question that reviewers are asked"),
    _kind("issue", "entity", identity="issue", about="a fault that shows in traces"),
    _kind("serving_environment", "context", identity="serving_environment", about="where models answer"),
    _kind(
        "inference_service", "process", identity="inference_service", about="an address where a model answers"
    ),
    _kind("serve_model", "process", identity="serve_model", about="one deployment of a version"),
    _kind("person", "entity", identity="person", about="somebody who owns or does"),
    _kind("group", "entity", identity="group", about="several people"),
    _kind("term", "entity", identity="term", about="a word of the glossary"),
    _kind("namespace", "entity", identity="namespace", about="what is known of a namespace as a whole"),
    _kind("data_source", "entity", identity="data_source", about="a system that keeps data"),
    _edge("input", "entity", "process", "forward", True, "the process reads the asset"),
    _edge("output", "process", "entity", "forward", True, "the process writes the asset"),
    _edge("derived", "entity", "entity", "forward", True, "the target was made from the source"),
    _edge(
        "produces",
        "process",
        "entity",
        None,
        True,
        "the process writes the asset, whose columns tell what flows",
    ),
    _edge(
        "masked",
        "entity",
        "entity",
        None,
        True,
        "the target was made from the source, which it does not reveal",
    ),
    _edge(
        "influences", "entity", "entity", None, True, "the source decided about the target, and is not in it"
    ),
    _edge("version", "asset", "asset", "forward", True, "the target is a version of the source"),
    _edge("member", "entity", "entity", "backward", False, "the source contains the target"),
    _edge("parent", "entity", "entity", None, False, "the source is above the target"),
    _edge("run_of", "process", "process", None, False, "the source is an execution of the target"),
    _edge("owns", "entity", "entity", None, False, "the source is responsible for the target"),
    _edge("describes", "entity", "entity", None, False, "the source explains the target"),
    _edge("deployed_as", "asset", "entity", "forward", True, "the source serves as the target"),
    _edge("same_as", "entity", "entity", "forward", True, "two names of one thing; told both ways"),
    _edge("differs", "entity", "entity", None, False, "two things, however alike"),
)
