"""Who may see and do what: grants compiled into a predicate that becomes part of every query.

A deny beats an allow. A deny of a role denies that role and those above it: `deny viewer` hides, `deny editor`
leaves reading. A grant on an entity covers what it contains, at any depth. Through a view on one workspace less is
seen than the grants allow, never more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lineal.catalog.nodes import Node
from lineal.catalog.values import ROLES, Principal, Role, about
from lineal.graph.model import DEFAULT_NAMESPACE
from lineal.graph.types import Types
from lineal.store.base import Connection
from lineal.store.sql.find import FALSE, TRUE, Compiler, Names, Sql
from lineal.store.sql.symbols import Symbols

TTL = 2.0
ALONE = "one"
"""Alias of an entity that is asked about alone: the predicate then looks up from it, not down from a grant."""
DATA = "asset"
"""The identity of what is named by where it lies."""


class Rule(NamedTuple):
    """One grant of a principal or of its groups.

    Attributes:
        entity: its id, when the target is one.
        kind: of a rule on a namespace: only entities of this kind, with what they contain.
        place: the namespace that the rule lies in; empty when it reaches into several.
        note: of the grant.
    """

    id: int
    role: int
    target: str
    value: str
    deny: bool
    entity: int = 0
    kind: str = ""
    place: str = ""
    note: str = ""


class View(NamedTuple):
    """A look at one workspace alone.

    It holds the entities of its namespace and, since data is named by where it lies and not by who uses it, the data
    in places that are no workspace. The default workspace holds whatever no other one does.

    Attributes:
        namespace: the workspace's.
        others: of every other workspace, the default one included.
    """

    namespace: str
    others: frozenset[str]

    def holds(self, types: Types, kind: str, namespace: str) -> bool:
        """Whether an entity is looked at."""
        if namespace == self.namespace:
            return True
        if namespace in self.others:
            return False
        return self.namespace == DEFAULT_NAMESPACE or types.identity(kind) == DATA


def rank(role: Role) -> int:
    """Roles as numbers; each includes those before it."""
    return ROLES.index(role)


WHOLE = Rule(0, rank("owner"), "store", "", False)
"""What somebody may do of whom no grant is asked."""


class Scope:
    """The rules of one principal at one moment, and through which view."""

    def __init__(
        self, principal: Principal, rules: Sequence[Rule], epoch: int, view: View | None = None
    ) -> None:
        self.principal = principal
        self.everything = principal.everything and view is None
        self.rules = (WHOLE,) if principal.everything else tuple(rules)
        self.view = view
        self._epoch = epoch
        self._until = time.monotonic() + TTL
        self.may: dict[tuple[int, int], bool] = {}
        self._compiled: dict[tuple[int, str], Sql] = {}

    @property
    def barred(self) -> bool:
        """Whether nothing at all was granted."""
        return all(rule.deny for rule in self.rules)

    def fresh(self, epoch: int) -> bool:
        """Whether it may still be used; grants may have changed in another process."""
        return self.everything or (epoch == self._epoch and time.monotonic() < self._until)

    def relevant(self, role: Role) -> tuple[list[Rule], list[Rule]]:
        """Rules that allow, and rules that deny, acting in a role.

        What somebody may not edit they may not contribute to either: to deny an editor leaves reading.
        """
        needed = rank(role)
        refused = rank("editor") if role == "contributor" else needed
        allows = [rule for rule in self.rules if not rule.deny and rule.role >= needed]
        return allows, [rule for rule in self.rules if rule.deny and rule.role <= refused]

    def predicate(self, compiler: ScopeCompiler, role: Role = "viewer", alias: str = "e") -> Sql:
        """The condition under which an entity's row may be used in a role."""
        if self.everything:
            return TRUE
        key = (rank(role), alias)
        if key not in self._compiled:
            self._compiled[key] = self._compile(compiler, role, alias)
        return self._compiled[key]

    def _compile(self, compiler: ScopeCompiler, role: Role, alias: str) -> Sql:
        allows, denies = self.relevant(role)
        allowed = compiler.covered(allows, alias, role)
        denied = compiler.covered(denies, alias, role)
        if denied != FALSE:
            # An entity without a home makes the comparison with a home NULL, which is no denial.
            text = f"({allowed.text}) AND ({denied.text}) IS NOT TRUE"
            allowed = Sql(text, allowed.params + denied.params)
        if self.view is None:
            return allowed
        return Sql(f"({allowed.text}) AND ({compiler.viewed(self.view, alias)})", allowed.params)

    def allows_new(self, types: Types, node: Node, inside: Sequence[Node], role: Role) -> bool:
        """Whether an entity that is not stored yet may be created in a role.

        Args:
            types: every definition.
            node: the entity.
            inside: what will contain it, at any height.
            role: as what.
        """
        if self.everything:
            return True
        if self.view is not None and not self.view.holds(types, node.kind, node.namespace):
            return False
        allows, denies = self.relevant(role)
        return any(covers(types, rule, node, inside) for rule in allows) and not any(
            covers(types, rule, node, inside) for rule in denies
        )

    def contributes(self, types: Types, node: Node) -> bool:
        """Whether the principal makes an entity as a contributor, whether or not as editor, too; not as an admin."""
        own = (rule for rule in self.rules if not rule.deny and rule.role == rank("contributor"))
        return any(covers(types, rule, node, ()) for rule in own) and not self.allows_new(
            types, node, (), "admin"
        )

    def manages(self, role: Role, namespace: str = "") -> bool:
        """Whether the principal has this role on the whole store or, if one is named, on all of a namespace."""
        if self.everything:
            return True
        allows, denies = self.relevant(role)
        return any(_is_over(rule, namespace) for rule in allows) and not any(
            _is_over(rule, namespace) for rule in denies
        )

    def managed(self) -> set[str]:
        """Namespaces on all of which the principal is an admin, by grants on just these."""
        named = {rule.value for rule in self.rules if rule.target == "namespace" and not rule.kind}
        return {namespace for namespace in named if self.manages("admin", namespace)}

    def enters(self, namespace: str) -> bool:
        """Whether there can be anything in a namespace that the principal may see."""
        if self.everything:
            return True
        allows, denies = self.relevant("viewer")
        return any(rule.place in ("", namespace) for rule in allows) and not any(
            _is_over(rule, namespace) for rule in denies
        )


class ScopeCompiler:
    """Turns rules into conditions."""

    def __init__(self, cx: Connection, symbols: Symbols, types: Types) -> None:
        self._cx = cx
        self._symbols = symbols
        self._types = types
        names = Names(self._symbol, types.subkinds, types.sublabels)
        self._labels = Compiler(cx, names, int(time.time() * 1000))

    def _symbol(self, text: str) -> int:
        return self._symbols.find(self._cx, text)

    def covered(self, rules: Sequence[Rule], alias: str, role: Role) -> Sql:
        """The condition that one of the rules covers the row; those on entities, which may be many, are one."""
        on_entities = sorted({rule.entity for rule in rules if rule.target == "entity"})
        others = [self.matches(rule, alias, role) for rule in rules if rule.target != "entity"]
        return _any([*others, *([_inside(on_entities, alias)] if on_entities else [])])

    def viewed(self, view: View, alias: str) -> str:
        """The condition that the row is looked at."""
        others = _list(self._symbol(each) for each in view.others)
        elsewhere = f"{alias}.namespace NOT IN ({others})" if others else "1=1"
        if view.namespace == DEFAULT_NAMESPACE:
            return elsewhere
        data = [kind for kind in self._types.subkinds(DATA) if self._types.identity(kind) == DATA]
        return (
            f"{alias}.namespace = {self._symbol(view.namespace)} OR ({self._is(data, alias)} AND {elsewhere})"
        )

    def _is(self, kinds: Iterable[str], alias: str) -> str:
        return f"{alias}.kind IN ({_list(self._symbol(kind) for kind in kinds)})"

    def matches(self, rule: Rule, alias: str, role: Role) -> Sql:
        """The condition that a rule's target covers the row, asked about in a role.

        What was inherited lets nobody change an entity: else the editor of a source, by classifying it, could
        become editor of all that was ever made of it.
        """
        from lineal.graph.query import Labelled

        match rule.target:
            case "store":
                return TRUE
            case "namespace" if rule.kind:
                return self._within(rule, alias)
            case "namespace":
                return Sql(f"{alias}.namespace = {self._symbol(rule.value)}")
            case "kind":
                return Sql(self._is(self._types.subkinds(rule.value), alias))
            case "classification":
                direct = not rule.deny and rank(role) > rank("viewer")
                return self._labels.condition(Labelled(rule.value, direct), alias)
            case _:
                return _inside([rule.entity], alias)

    def _within(self, rule: Rule, alias: str) -> Sql:
        """That a row is of the rule's kind in its namespace, or lies in such an entity."""
        kinds = self._types.subkinds(rule.kind)

        def such(each: str) -> str:
            return f"{self._is(kinds, each)} AND {each}.namespace = {self._symbol(rule.value)}"

        near = f"({such(alias)}) OR EXISTS (SELECT 1 FROM entity k WHERE k.id = {alias}.home AND {such('k')})"
        if alias == ALONE:
            return Sql(
                f"({near} OR EXISTS ({_up(alias)} SELECT 1 FROM c JOIN entity k ON k.id = c.id AND {such('k')}))"
            )
        start = f"SELECT h.id FROM entity k JOIN entity h ON h.home = k.id WHERE {such('k')}"
        return Sql(f"({near} OR {alias}.home IN ({_down(start)} SELECT c.id FROM c))")


def _inside(ids: Sequence[int], alias: str) -> Sql:
    """That a row is one of these entities or lies in one; the usual case, one level deep, is asked first."""
    among = f"IN ({_list(ids)})"
    near = f"{alias}.id {among} OR {alias}.home {among}"
    if alias == ALONE:
        return Sql(f"({near} OR EXISTS ({_up(alias)} SELECT 1 FROM c WHERE c.id {among}))")
    start = f"SELECT h.id FROM entity h WHERE h.home {among}"
    return Sql(f"({near} OR {alias}.home IN ({_down(start)} SELECT c.id FROM c))")


def _up(alias: str) -> str:
    """`c`: what contains a row, at any height."""
    step = "SELECT h.home FROM c JOIN entity h ON h.id = c.id"
    return f"WITH RECURSIVE c(id) AS (SELECT {alias}.home UNION {step})"


def _down(start: str) -> str:
    """`c`: the ids that a statement finds, and all that these contain."""
    return f"WITH RECURSIVE c(id) AS ({start} UNION SELECT h.id FROM c JOIN entity h ON h.home = c.id)"


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))


def sentence(rule: Rule) -> str:
    """A rule in words."""
    what = "may act as" if not rule.deny else "may not act as"
    return f"grant {rule.id}: {what} {ROLES[rule.role]} on {about(rule.target, rule.value, rule.kind)}"


def _is_over(rule: Rule, namespace: str) -> bool:
    """Whether a rule covers the whole store or all of the namespace, if one is named."""
    if rule.target == "store":
        return True
    return bool(namespace) and rule.target == "namespace" and rule.value == namespace and not rule.kind


def _any(conditions: Sequence[Sql]) -> Sql:
    if not conditions:
        return FALSE
    if TRUE in conditions:
        return TRUE
    text = " OR ".join(f"({each.text})" for each in conditions)
    return Sql(text, tuple(param for each in conditions for param in each.params))


def covers(types: Types, rule: Rule, node: Node, inside: Sequence[Node]) -> bool:
    """Whether a rule is about a node that is not stored, and will be contained in others."""
    match rule.target:
        case "store":
            return True
        case "namespace" if rule.kind:
            of_kind = (each for each in (node, *inside) if types.is_a(each.kind, rule.kind))
            return any(each.namespace == rule.value for each in of_kind)
        case "namespace":
            return node.namespace == rule.value
        case "kind":
            return types.is_a(node.kind, rule.value)
        case "entity":
            return any(each.id == rule.entity for each in inside)
        case _:
            return False
