"""Putting a type: what a stored one may become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lineal.graph.mlmd.types import NodeType
from lineal.protocols.mlmd.errors import Code, Refused, taken


@dataclass(frozen=True)
class Evolution:
    """How a stored type may differ from the one that is put."""

    can_add: bool
    can_omit: bool
    all_match: bool


def evolved(old: NodeType | None, new: NodeType, rules: Evolution) -> NodeType:
    """What is stored after a type was put.

    Raises:
        Refused: the type there is may not change so.
    """
    if not rules.all_match:
        raise Refused(Code.UNIMPLEMENTED, "all_fields_match must be true")
    if old is None:
        base = "" if new.base == "UNSET" else new.base
        return _replaced(new, new.properties, base, new.external_id)
    for name, kind in new.properties.items():
        if old.properties.get(name, kind) != kind:
            raise taken(f"{old.name}.{name} is {old.properties[name]} and cannot become {kind}")
    if not rules.can_add and new.properties.keys() - old.properties.keys():
        raise taken(f"a type {old.name!r} exists without some of these properties")
    if not rules.can_omit and old.properties.keys() - new.properties.keys():
        raise taken(f"a type {old.name!r} exists with more than these properties")
    merged = {**old.properties, **new.properties}
    return _replaced(old, merged, _base(old, new), new.external_id or old.external_id)


def _base(old: NodeType, new: NodeType) -> str:
    if new.base in ("", old.base):
        return old.base
    if old.base or new.base == "UNSET":
        raise Refused(Code.UNIMPLEMENTED, "the base type of a type cannot change")
    return new.base


def _replaced(node: NodeType, properties: Mapping[str, str], base: str, external_id: str) -> NodeType:
    return replace(node, properties=properties, base=base, external_id=external_id)
