"""From a tree to the graph's query: exactly where that is possible, else to something that holds more often.

What two parts say of one alias they say of one related node: `contexts_a.name = 'x' AND contexts_a.type = 'T'` asks
for a single context. So parts are gathered by alias before each becomes one `Related`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.events import PREFIX, READS, WRITES
from lineal.graph.mlmd.messages import enum_numbers
from lineal.graph.mlmd.nodes import LOCATION, STATE, UNNAMED
from lineal.graph.mlmd.types import CUSTOM, URI, TypeTable, property_key
from lineal.graph.model import Scalar
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Direction,
    EdgeDetail,
    Expr,
    ExternalId,
    Field,
    Not,
    Operator,
    Or,
    Property,
    Related,
    all_of,
)
from lineal.protocols.expressions import Binary, In, Literal, Node, Unary
from lineal.protocols.mlmd import nodes
from lineal.protocols.mlmd.filters import evaluate
from lineal.protocols.mlmd.filters.paths import EDGES, Named, named
from lineal.protocols.tenants import namespace_of

_NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">=": "<=", ">": "<", "<=": ">="}
_TIMES = {"create_time_since_epoch": "created", "last_update_time_since_epoch": "updated", "id": "id"}
_DECLARED = {"int": "INT", "double": "DOUBLE", "string": "STRING", "bool": "BOOLEAN"}
TRUE: Expr = And([])
FALSE: Expr = Or([])


@dataclass(frozen=True)
class Leaf(Node):
    """A comparison of something named with values.

    Attributes:
        op: of the graph, or `not like`.
        value: one value, several for `in` and `not in`, None for `is null`.
    """

    of: Named
    op: str
    value: object = None


def expression(session: Session, category: Category, tree: Node) -> tuple[Expr, bool]:
    """What the graph can be asked, and whether that is exactly the filter."""
    translator = _Translator(nodes.table(session), namespace_of(session))
    found, exact = translator.conjunction(category, _normal(tree, False))
    return found, exact


# Normal form: no NOT but in comparisons


def _normal(tree: Node, negated: bool) -> Node:
    match tree:
        case Unary(op="NOT", of=of):
            return _normal(of, not negated)
        case Binary(op="AND" | "OR" as op, left=left, right=right):
            swapped = {"AND": "OR", "OR": "AND"}[op] if negated else op
            return Binary(swapped, _normal(left, negated), _normal(right, negated))
    leaf = _leaf(tree)
    if leaf is None:
        return Unary("NOT", tree) if negated else tree
    return _opposite(leaf) if negated else leaf


def _leaf(tree: Node) -> Leaf | None:
    match tree:
        case Binary(op=op, left=Named() as of, right=Literal(value=value)) if (
            op in _NEGATED and value is not None
        ):
            return Leaf(of, op, value)
        case Binary(op=op, left=Literal(value=value), right=Named() as of) if (
            op in _NEGATED and value is not None
        ):
            return Leaf(of, _MIRRORED[op], value)
        case Binary(op="LIKE", left=Named() as of, right=Literal(value=str(value))):
            return Leaf(of, "like", value)
        case Unary(op="IS NULL", of=Named() as of):
            return Leaf(of, "is null")
        case In(of=Named() as of, values=values):
            found = [each.value for each in values if isinstance(each, Literal) and each.value is not None]
            return Leaf(of, "in", found) if len(found) == len(values) else None
        case Named(type="bool") as of:
            return Leaf(of, "=", True)
    return None


def _opposite(leaf: Leaf) -> Leaf:
    others = {"in": "not in", "like": "not like", "is null": "is not null", **_NEGATED}
    return Leaf(leaf.of, others[leaf.op], leaf.value)


# Parts that must hold together


def _conjuncts(tree: Node) -> list[Node]:
    if isinstance(tree, Binary) and tree.op == "AND":
        return [*_conjuncts(tree.left), *_conjuncts(tree.right)]
    return [tree]


def _disjuncts(tree: Node) -> list[Node]:
    if isinstance(tree, Binary) and tree.op == "OR":
        return [*_disjuncts(tree.left), *_disjuncts(tree.right)]
    return [tree]


def _aliases(tree: Node) -> set[str]:
    return {each.alias for each in _all_named(tree)}


def _all_named(tree: Node) -> list[Named]:
    if isinstance(tree, Leaf):
        return [tree.of]
    if isinstance(tree, Binary):
        return [*_all_named(tree.left), *_all_named(tree.right)]
    return list(named(tree))


def _own(tree: Node) -> Node:
    """The same said of the node itself."""
    match tree:
        case Leaf(of=of):
            return replace(tree, of=replace(of, alias=""))
        case Binary(left=left, right=right):
            return replace(tree, left=_own(left), right=_own(right))
    return tree


class _Translator:
    def __init__(self, types: TypeTable, namespace: str) -> None:
        self._types = types
        self._namespace = namespace

    def conjunction(self, category: Category, tree: Node) -> tuple[Expr, bool]:
        """All parts of it; an alias in more than one group of them makes the answer inexact."""
        groups: dict[frozenset[str], list[Node]] = defaultdict(list)
        for part in _conjuncts(tree):
            groups[frozenset(_aliases(part))].append(part)
        spread = [alias for aliases in groups for alias in aliases if alias]
        exact = len(spread) == len(set(spread))
        found: list[Expr] = []
        for aliases, parts in groups.items():
            translated, fits = self._group(category, aliases, parts)
            found.append(translated)
            exact = exact and fits
        return all_of(*found) or TRUE, exact

    def _group(self, category: Category, aliases: frozenset[str], parts: list[Node]) -> tuple[Expr, bool]:
        if len(aliases) == 1 and aliases != {""}:
            (first, *_) = _all_named(parts[0])
            if first.category is None:
                return self._events(category, parts)
            return self._related(first.relation, first.category, parts)
        return self._joined([self._part(category, part) for part in parts])

    def _joined(self, parts: list[tuple[Expr, bool]]) -> tuple[Expr, bool]:
        return all_of(*(part for part, _ in parts)) or TRUE, all(fits for _, fits in parts)

    def _related(self, relation: str, category: Category, parts: list[Node]) -> tuple[Expr, bool]:
        where, exact = self._joined([self._part(category, _own(part)) for part in parts])
        kinds: Expr = Compare(
            Attribute("kind"), "in", list[Scalar](each.kind for each in self._types.of(category))
        )
        kind, direction = EDGES[relation]
        return Related(kind, direction, all_of(kinds, where)), exact

    def _part(self, category: Category, part: Node) -> tuple[Expr, bool]:
        """A disjunction, a comparison, or something that only `evaluate` knows."""
        match part:
            case Binary(op="OR"):
                found = [self.conjunction(category, each) for each in _disjuncts(part)]
                once = [alias for each in _disjuncts(part) for alias in _aliases(each) if alias]
                return Or([each for each, _ in found]), all(fits for _, fits in found) and len(once) == len(
                    set(once)
                )
            case Binary(op="AND"):
                return self._joined([self._part(category, each) for each in _conjuncts(part)])
            case Leaf():
                return self._leaf(category, part)
        return TRUE, False

    def _leaf(self, category: Category, leaf: Leaf) -> tuple[Expr, bool]:
        if leaf.of.area != "column":
            return self._property(category, leaf), True
        match leaf.of.name:
            case "type" | "type_id":
                return self._of_type(category, leaf), True
            case "name":
                return _name(category, leaf), True
            case "external_id":
                return _compare(ExternalId(category.external_in(self._namespace)), leaf), True
            case "uri":
                return _compare(Property(URI), leaf), True
            case "state" | "last_known_state":
                return _state(category, leaf), True
        return _compare(Attribute(_TIMES[leaf.of.name]), leaf), True

    def _property(self, category: Category, leaf: Leaf) -> Expr:
        """Of types that declare the property with another type of value, none matches."""
        name = leaf.of.name
        if leaf.of.area != "properties":
            return _compare(Property(CUSTOM + name), leaf)
        found = _compare(Property(property_key(name)), leaf)
        others: list[Scalar] = [
            each.kind
            for each in self._types.of(category)
            if name in each.properties and each.properties[name] != _DECLARED[leaf.of.type]
        ]
        return And([found, Compare(Attribute("kind"), "not in", others)]) if others else found

    def _of_type(self, category: Category, leaf: Leaf) -> Expr:
        """Types are few and known: those for which it holds are named."""
        kinds: list[Scalar] = [
            each.kind
            for each in self._types.of(category)
            if evaluate.compared(each.name if leaf.of.name == "type" else each.id, leaf.op, leaf.value)
        ]
        return Compare(Attribute("kind"), "in", kinds) if kinds else FALSE

    # Events

    def _events(self, category: Category, parts: list[Node]) -> tuple[Expr, bool]:
        """An event of these types with one of these nodes; when it happened is left to `evaluate`."""
        leaves = [part for part in parts if isinstance(part, Leaf)]
        exact = len(leaves) == len(parts)
        types, ends = READS | WRITES, list[Expr]()
        for leaf in leaves:
            if leaf.of.type == "event":
                types = types & _events_that(leaf)
            elif leaf.of.name in ("execution_id", "artifact_id"):
                ends.append(_compare(Attribute("id"), leaf))
            else:
                exact = False
        if category is EXECUTION:
            # Where an artifact is, there is data as well, which is read and written along with it.
            ends.append(Compare(Property(LOCATION), "is null"))
        found = [
            Related(kind, _direction(category, kind), all_of(_of_types(wanted, every), *ends))
            for kind, every in (("input", READS), ("output", WRITES))
            if (wanted := types & every)
        ]
        return found[0] if len(found) == 1 else Or([*found]), exact


def _direction(category: Category, kind: str) -> Direction:
    return "out" if (kind == "input") == (category is ARTIFACT) else "in"


def _of_types(wanted: frozenset[str], every: frozenset[str]) -> Expr | None:
    """That an edge stands for an event of these types; None when any edge does."""
    if wanted == every:
        return None
    found: list[Expr] = [Compare(EdgeDetail(PREFIX + each), "is not null") for each in sorted(wanted)]
    if wanted & {"INPUT", "OUTPUT"}:
        # An edge of another tool is a plain input or output.
        found.append(And([Compare(EdgeDetail(PREFIX + each), "is null") for each in sorted(every)]))
    return Or(found)


def _events_that(leaf: Leaf) -> frozenset[str]:
    numbers = enum_numbers("Event", "type")
    wanted = {name for name, number in numbers.items() if _named_like(name, number, leaf)}
    return frozenset(wanted)


def _named_like(name: str, number: int, leaf: Leaf) -> bool:
    """Whether a comparison holds for a constant, by its name or its number."""
    values = leaf.value if isinstance(leaf.value, list) else [leaf.value]
    is_number = any(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return evaluate.compared(number if is_number else name, leaf.op, leaf.value)


# Comparisons


def _compare(field: Field, leaf: Leaf) -> Expr:
    if leaf.op == "not like":
        like: Expr = Compare(field, "like", leaf.value)  # type: ignore[arg-type]
        return And([Not(like), Compare(field, "is not null")])
    if leaf.op in ("in", "not in") and not leaf.value:
        return FALSE if leaf.op == "in" else Compare(field, "is not null")
    return Compare(field, _operator(leaf.op), leaf.value)  # type: ignore[arg-type]


def _operator(op: str) -> Operator:
    found: Operator = op  # type: ignore[assignment]
    return found


def _name(category: Category, leaf: Leaf) -> Expr:
    unnamed: Expr = Compare(Property(UNNAMED), "is null")
    if category is CONTEXT:
        return _compare(Attribute("name"), leaf)
    if leaf.op == "is null":
        return Compare(Property(UNNAMED), "is not null")
    return And([_compare(Attribute("name"), leaf), unnamed]) if leaf.op != "is not null" else unnamed


def _state(category: Category, leaf: Leaf) -> Expr:
    """By the names of those states for which it holds; a node without one is in none."""
    if leaf.op in ("is null", "is not null"):
        return Compare(Property(STATE), _operator(leaf.op))
    numbers = enum_numbers(category.message, category.state or "")
    found = [name for name, number in numbers.items() if _named_like(name, number, leaf)]
    return Compare(Property(STATE), "in", list(found)) if found else FALSE
