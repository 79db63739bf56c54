"""How a definition may change: in no way that makes something stored wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lineal.graph.errors import Conflict

if TYPE_CHECKING:
    from lineal.graph.types import AttributeDef, EdgeDef, EnumDef, KindDef, LabelDef, Types


def check_attributes(name: str, before: dict[str, AttributeDef], after: dict[str, AttributeDef]) -> None:
    """Attributes keep their types, none is lost, and none begins to be required.

    Raises:
        Conflict: naming the first that does not.
    """
    for key, each in after.items():
        old = before.get(key)
        if old is not None and old.type != each.type:
            raise Conflict(f"{name}.{key} is {old.type} and cannot become {each.type}")
        if each.required and (old is None or not old.required):
            raise Conflict(f"{name}.{key} was not there or optional, and cannot be required")
    _keeps(name, before, after)


def check_kind(before: Types, after: Types, old: KindDef, new: KindDef) -> None:
    """A kind stays what its entities are: below the same kinds, unique within the same one.

    Raises:
        Conflict: it would not.
    """
    _keeps(old.name, before.ancestors(old.name), after.ancestors(new.name))
    inherited = after.attributes(new.name)
    for name in (old.name, *sorted(before.subkinds(old.name) - {old.name})):
        check_attributes(name, before.attributes(name), after.attributes(name))
        _agree(name, inherited, after.attributes(name))
        if before.identity(name) != after.identity(name):
            raise Conflict(f"names of {name} are unique within {before.identity(name)}, which cannot change")
    if new.closed and not old.closed:
        raise Conflict(f"{old.name} is open, and cannot be closed")
    if new.abstract and not old.abstract:
        raise Conflict(f"{old.name} may have entities of its own, and cannot be abstract")


def check_label(before: Types, after: Types, old: LabelDef, new: LabelDef) -> None:
    """A classification goes on counting as what it counted as; whether it propagates may change.

    Raises:
        Conflict: it would not.
    """
    _keeps(old.name, old.supertypes, new.supertypes)
    inherited = after.label_attributes(new.name)
    for name in (old.name, *sorted(before.sublabels(old.name) - {old.name})):
        check_attributes(name, before.label_attributes(name), after.label_attributes(name))
        _agree(name, inherited, after.label_attributes(name))


def check_edge(types: Types, old: EdgeDef, new: EdgeDef) -> None:
    """An edge kind goes on allowing the ends that it allows; what `flow` and `lineage` say may change.

    Raises:
        Conflict: it would not.
    """
    for before, after in ((old.source, new.source), (old.target, new.target)):
        if not types.is_a(before, after):
            raise Conflict(f"{old.name} may end at any {before}, and cannot be confined to {after}")
    if new.cardinality == "one" and old.cardinality != "one":
        raise Conflict(f"{old.name} may lead to several, and cannot be confined to one")


def check_enum(old: EnumDef, new: EnumDef) -> None:
    """An enum loses no word; Conflict when it would."""
    _keeps(old.name, old.values, new.values)


def _agree(name: str, inherited: dict[str, AttributeDef], own: dict[str, AttributeDef]) -> None:
    for key, each in inherited.items():
        if own[key].type != each.type:
            raise Conflict(f"{name}.{key} is {own[key].type}, and {each.type} would be inherited")


def _keeps(name: str, before: Iterable[str], after: Iterable[str]) -> None:
    lost = sorted(set(before) - set(after))
    if lost:
        raise Conflict(f"{name} cannot lose {', '.join(lost)}")
