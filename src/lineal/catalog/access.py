"""Who may see and do what: grants compiled into a predicate that becomes part of every query.

A deny beats an allow. A deny of a role denies that role and those above it: `deny viewer` hides, `deny editor`
leaves reading. A grant on an entity covers what it contains, at any depth.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from lineal.catalog.nodes import Node
from lineal.catalog.values import ROLES, Principal, Role
from lineal.graph.types import Types
from lineal.store.base import Connection
from lineal.store.sql.find import FALSE, TRUE, Compiler, Names, Sql
from lineal.store.sql.symbols import Symbols

TTL = 2.0
ALONE = "one"
"""Alias of an entity that is asked about alone: the predicate then looks up from it, not down from a grant."""


class Rule(NamedTuple):
    """One grant of a principal or of its groups; `entity` is the id when the target is one."""

    id: int
    role: int
    target: str
    value: str
    deny: bool
    entity: int = 0


def rank(role: Role) -> int:
    """Roles as numbers; each includes those before it."""
    return ROLES.index(role)


class Scope:
    """The rules of one principal at one moment."""

    def __init__(self, principal: Principal, rules: Sequence[Rule], epoch: int) -> None:
        self.principal = principal
        self.everything = principal.everything
        self.rules = tuple(rules)
        self._epoch = epoch
        self._until = time.monotonic() + TTL
        self.may: dict[tuple[int, int], bool] = {}
        self._compiled: dict[tuple[int, str], Sql] = {}

    def fresh(self, epoch: int) -> bool:
        """Whether it may still be used; grants may have changed in another process."""
        return self.everything or (epoch == self._epoch and time.monotonic() < self._until)

    def relevant(self, role: Role) -> tuple[list[Rule], list[Rule]]:
        """Rules that allow, and rules that deny, acting in a role."""
        needed = rank(role)
        allows = [rule for rule in self.rules if not rule.deny and rule.role >= needed]
        return allows, [rule for rule in self.rules if rule.deny and rule.role <= needed]

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
        allowed = _any([compiler.matches(rule, alias, role) for rule in allows])
        denied = _any([compiler.matches(rule, alias, role) for rule in denies])
        if denied == FALSE:
            return allowed
        # An entity without a home makes the comparison with a home NULL, which is no denial.
        return Sql(f"({allowed.text}) AND ({denied.text}) IS NOT TRUE", allowed.params + denied.params)

    def allows_new(self, types: Types, node: Node, inside: Collection[int], role: Role) -> bool:
        """Whether an entity that is not stored yet may be created in a role.

        Args:
            types: every definition.
            node: the entity.
            inside: ids of the stored entities that will contain it, at any depth.
            role: as what.
        """
        if self.everything:
            return True
        allows, denies = self.relevant(role)
        return any(_covers(types, rule, node, inside) for rule in allows) and not any(
            _covers(types, rule, node, inside) for rule in denies
        )

    def manages(self, role: Role) -> bool:
        """Whether the principal has this role on the whole store."""
        if self.everything:
            return True
        allows, denies = self.relevant(role)
        return any(rule.target == "store" for rule in allows) and not any(
            rule.target == "store" for rule in denies
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

    def matches(self, rule: Rule, alias: str, role: Role) -> Sql:
        """The condition that a rule's target covers the row, asked about in a role.

        What was inherited lets nobody change an entity: else the editor of a source, by classifying it, could
        become editor of all that was ever made of it.
        """
        from lineal.graph.query import Labelled

        match rule.target:
            case "store":
                return TRUE
            case "namespace":
                return Sql(f"{alias}.namespace = {self._symbol(rule.value)}")
            case "kind":
                known = self._types.subkinds(rule.value)
                return Sql(
                    f"{alias}.kind IN ({', '.join(str(self._symbol(kind)) for kind in sorted(known))})"
                )
            case "classification":
                direct = not rule.deny and rank(role) > rank("viewer")
                return self._labels.condition(Labelled(rule.value, direct), alias)
            case _:
                return _inside(rule.entity, alias)


def _inside(entity: int, alias: str) -> Sql:
    """That a row is an entity or lies in it; the usual case, one level deep, is asked first."""
    near = f"{alias}.id = {entity} OR {alias}.home = {entity}"
    if alias == ALONE:
        far, start = str(entity), f"SELECT {alias}.home"
        step = "SELECT h.home FROM c JOIN entity h ON h.id = c.id"
    else:
        far, start = f"{alias}.home", f"SELECT h.id FROM entity h WHERE h.home = {entity}"
        step = "SELECT h.id FROM c JOIN entity h ON h.home = c.id"
    return Sql(f"({near} OR {far} IN (WITH RECURSIVE c(id) AS ({start} UNION {step}) SELECT c.id FROM c))")


def sentence(rule: Rule) -> str:
    """A rule in words."""
    what = "may act as" if not rule.deny else "may not act as"
    where = "the whole store" if rule.target == "store" else f"{rule.target} {rule.value}"
    return f"grant {rule.id}: {what} {ROLES[rule.role]} on {where}"


def _any(conditions: Sequence[Sql]) -> Sql:
    if not conditions:
        return FALSE
    if TRUE in conditions:
        return TRUE
    text = " OR ".join(f"({each.text})" for each in conditions)
    return Sql(text, tuple(param for each in conditions for param in each.params))


def _covers(types: Types, rule: Rule, node: Node, inside: Collection[int]) -> bool:
    match rule.target:
        case "store":
            return True
        case "namespace":
            return node.namespace == rule.value
        case "kind":
            return types.is_a(node.kind, rule.value)
        case "entity":
            return rule.entity in inside
        case _:
            return False
