"""What the catalog's reads answer, beside entities and pages."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["viewer", "contributor", "editor", "admin", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "contributor", "editor", "admin", "owner")


class Principal(msgspec.Struct, frozen=True):
    """Who asks. `id` 0 is nobody, who sees nothing; with `everything` no grant is consulted."""

    id: int
    name: str
    everything: bool = False


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a principal may, or with `deny` may not, do.

    Attributes:
        target: `store`, `namespace`, `kind`, `classification` or `entity`.
        value: the namespace, kind or classification by name, the entity by uuid; empty for the store.
        kind: of a grant on a namespace: only on its entities of this kind, with what they contain.
        note: in the words of whoever made it; a door keeps there what its protocol calls the role.
    """

    id: int
    principal: str
    role: Role
    target: Literal["store", "namespace", "kind", "classification", "entity"]
    value: str = ""
    deny: bool = False
    valid_from: int | None = None
    valid_until: int | None = None
    kind: str = ""
    note: str = ""


def about(target: str, value: str, kind: str = "") -> str:
    """What a grant is about, in words."""
    where = "the whole store" if target == "store" else f"{target} {value}"
    return f"{kind} entities in {where}" if kind else where


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account, or a group of accounts.

    Attributes:
        namespace: of a group, the one to which it belongs, whose admins decide about it, too.
    """

    id: int
    name: str
    category: Literal["user", "group"] = "user"
    active: bool = True
    created: int = 0
    groups: list[str] = []
    namespace: str = ""
    description: str = ""


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token as it may be shown: never its secret."""

    id: int
    principal: str
    name: str
    created: int
    expires: int | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the history: what a commit did to one entity.

    Attributes:
        commit: position in the store's one history.
        number: position within the commit.
        at: milliseconds since the epoch.
        principal: who; `door`: through which protocol.
        action: created, updated, deleted, restored, removed, linked, unlinked, labelled, unlabelled, points, spans,
            typed.
        before: former values of what changed (None: it was not there); how to undo it.
        after: the new values.
    """

    commit: int
    number: int
    at: int
    principal: str
    door: str
    action: str
    entity: int
    uuid: str = ""
    kind: str = ""
    name: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    note: str = ""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why somebody may or may not do something to an entity.

    Attributes:
        because: the grants that were decisive, as sentences.
    """

    principal: str
    entity: str
    role: Role
    allowed: bool
    because: list[str] = []


class Standing(msgspec.Struct, frozen=True):
    """As what somebody may act on something.

    Attributes:
        role: the highest; None when they may not even see it.
        denied: whether that is because it is denied.
        notes: of the grants that allow it.
    """

    role: Role | None
    denied: bool = False
    notes: list[str] = []


class LabelPath(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an entity bears a label: the way from where it was put to here.

    Attributes:
        path: entity ids from the root to the bearer.
        edges: kind of the edge between each two of them.
        put_by, put_at: the commit that put it on the root.
    """

    label: str
    root: int
    path: list[int]
    edges: list[str] = []
    put_by: str = ""
    put_at: int = 0
