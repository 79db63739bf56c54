"""Users, groups, tokens and grants. Passwords are kept as argon2 hashes, tokens as SHA-256 of their secret."""

from __future__ import annotations

import functools
import hashlib
import secrets
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from lineal.catalog import managing
from lineal.catalog.access import rank
from lineal.catalog.values import ROLES, Grant, Principal, Role, Token, User
from lineal.graph.errors import Conflict, Denied, Invalid, NotFound
from lineal.store.base import Connection, Row
from lineal.store.sql import accounts as rows
from lineal.store.sql import entities, log

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog
    from lineal.catalog.session import Session

_PREFIX = "lnl_"
_SHORTEST = 8


class Accounts:
    """Who there is and what they may do. Changes need the role of admin on the whole store, and are audited."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def exist(self) -> bool:
        """Whether any user has been added; without one, a server on loopback is open."""
        return any(category == "user" for _, _, category, *_ in rows.principals(self._cx()))

    def verify_password(self, name: str, password: str) -> Principal | None:
        """The user, when the password is right. Takes some 50 ms on purpose."""
        from argon2 import PasswordHasher
        from argon2.exceptions import InvalidHashError, VerificationError

        row = rows.principal(self._cx(), name)
        stored = row[3] if row is not None and row[4] else None
        try:
            PasswordHasher().verify(stored or _decoy(), password)
        except (VerificationError, InvalidHashError):
            return None
        return Principal(row[0], row[1]) if row is not None and stored else None

    def verify_token(self, secret: str) -> Principal | None:
        """The owner of a token that has not expired."""
        row = rows.token_owner(self._cx(), _hash(secret), self._catalog.writing.now())
        return Principal(row[0], row[1]) if row is not None else None

    def named(self, name: str) -> Principal | None:
        """The active user of this name, whose identity somebody else has made sure of."""
        row = rows.principal(self._cx(), name)
        is_user = row is not None and row[2] == "user" and row[4]
        return Principal(row[0], row[1]) if row is not None and is_user else None

    def users(self, session: Session) -> list[User]:
        """All users and groups; without the role of admin only oneself, and one's groups.

        Who is admin of a namespace sees all users, to let them in, and the groups that belong to it.
        """
        cx = self._cx()
        groups: dict[int, list[str]] = {}
        for member, _, name in rows.memberships(cx):
            groups.setdefault(member, []).append(name)
        every = [
            User(
                number,
                name,
                category,
                bool(active),
                created,
                sorted(groups.get(number, [])),
                where,
                what or "",
            )
            for number, name, category, active, created, where, what in rows.principals(cx)
        ]
        if self.is_admin(session):
            return every
        managed, own = session.scope.managed(), groups.get(session.principal.id, [])
        return [user for user in every if self._is_shown(user, session.principal.id, own, managed)]

    def _is_shown(self, user: User, caller: int, groups: list[str], managed: set[str]) -> bool:
        if user.category == "user":
            return user.id == caller or bool(managed)
        return user.name in groups or user.namespace in managed

    def add_user(
        self,
        session: Session,
        name: str,
        password: str | None,
        category: str = "user",
        *,
        owner: bool = False,
        namespace: str = "",
        description: str = "",
    ) -> User:
        """Add a user or a group, as an owner of the whole store if asked for.

        Args:
            session: who asks.
            name: not taken by a user or group.
            password: of a user.
            category: `user` or `group`.
            owner: whether it becomes an owner of the whole store.
            namespace: the one to which a group belongs; its admins may add it, too.
            description: for who reads it.

        Raises:
            Conflict: the name is taken. Invalid: the name or the password will not do.
            Denied: only owners make owners.
        """
        if owner or category == "user" or not self._is_admin_of(session, namespace):
            self.require_admin(session, owner=owner)
        _check_name(name)
        if category == "user":
            _check_password(password or "")
        hashed = _hashed(password) if password else None
        now = self._catalog.writing.now()

        def work(cx: Connection) -> int:
            if rows.principal(cx, name) is not None:
                raise Conflict(f"{name!r} exists already")
            number = rows.add_principal(cx, (name, category, hashed, now, namespace, description or None))
            if owner:
                rows.add_grant(cx, (number, rank("owner"), "store", "", "", 0, None, None, ""))
            return number

        number = self._write(session, work, f"added {category} {name}" + (" as owner" if owner else ""))
        kind: Literal["user", "group"] = "group" if category == "group" else "user"
        return User(number, name, kind, created=now, namespace=namespace, description=description)

    def remove_user(self, session: Session, name: str) -> None:
        """Remove a user or group with its tokens and grants."""
        number = self._decided(session, name)[0]
        self._write(session, lambda cx: rows.delete_principal(cx, number), f"removed {name}")

    def describe_group(self, session: Session, name: str, new_name: str, description: str) -> None:
        """Give a group another name and description; Conflict when the name is taken."""
        group = self._decided(session, name)
        if group[2] != "group":
            raise NotFound(f"no group {name!r}")
        _check_name(new_name)

        def work(cx: Connection) -> None:
            if new_name != name and rows.principal(cx, new_name) is not None:
                raise Conflict(f"{new_name!r} exists already")
            rows.rename_principal(cx, group[0], new_name, description or None)

        self._write(session, work, f"described group {name} as {new_name}")

    def admins(self, session: Session) -> set[str]:
        """Names of those users that the caller may see who are admins of the whole store."""
        users = (user for user in self.users(session) if user.category == "user")
        scope = self._catalog.scope
        return {user.name for user in users if scope(Principal(user.id, user.name)).manages("admin")}

    def set_admin(self, session: Session, name: str, *, admin: bool) -> None:
        """Let a user be an admin of the whole store, or no longer.

        Raises:
            NotFound: there is no such user. Denied: the caller is no admin, or the user an owner and the caller not.
            Conflict: the user stays an admin, since a group is one.
        """
        self.require_admin(session)
        number = self._user(name)[0]
        self._require_over(session, number)

        def work(cx: Connection) -> None:
            held = [row for row in rows.grants_of(cx, number) if _is_admins(row)]
            own = {row[0] for row in rows.own_grants(cx, number)}
            if admin and not held:
                rows.add_grant(cx, (number, rank("admin"), "store", "", "", 0, None, None, ""))
            elif not admin and any(row[0] not in own for row in held):
                raise Conflict(f"{name!r} is an admin by a group")
            elif not admin:
                for row in held:
                    rows.delete_grant(cx, row[0])

        self._write(session, work, f"made {name} {'an' if admin else 'no'} admin")

    def set_password(self, session: Session, name: str, password: str) -> None:
        """Change a password: one's own, or anybody's as admin."""
        if session.principal.name != name:
            self.require_admin(session)
        number = self._named(name)[0]
        if session.principal.name != name:
            self._require_over(session, number)
        _check_password(password)
        hashed = _hashed(password)
        self._write(
            session, lambda cx: rows.set_password(cx, number, hashed), f"changed the password of {name}"
        )

    def add_member(self, session: Session, user: str, group: str) -> bool:
        """Put a user into a group; whether it was not in there before."""
        found = self._decided(session, group)
        member = self._named(user)
        if found[2] != "group" or member[2] == "group":
            raise Invalid(f"{user!r} must be a user and {group!r} a group")
        self._spare_owners(session, member[0])
        note = f"added {user} to {group}"
        return bool(self._write(session, lambda cx: rows.add_member(cx, member[0], found[0]), note))

    def remove_member(self, session: Session, user: str, group: str) -> bool:
        """Take a user out of a group; whether it was in there."""
        found = self._decided(session, group)
        member = self._named(user)
        self._spare_owners(session, member[0])
        note = f"removed {user} from {group}"
        return bool(self._write(session, lambda cx: rows.drop_member(cx, member[0], found[0]), note))

    def add_token(
        self, session: Session, user: str, name: str, expires: int | None = None
    ) -> tuple[Token, str]:
        """A token for oneself, or as admin for anybody; its secret is told only here.

        Args:
            session: who asks.
            user: whose token it is.
            name: to know it again.
            expires: milliseconds since the epoch.
        """
        if session.principal.name != user:
            self.require_admin(session)
        number = self._named(user)[0]
        if session.principal.name != user:
            self._require_over(session, number)
        secret = _PREFIX + secrets.token_urlsafe(32)
        now = self._catalog.writing.now()

        def work(cx: Connection) -> int:
            rows.delete_expired(cx, now)
            return rows.add_token(cx, number, name, _hash(secret), now, expires)

        found = self._write(session, work, f"added token {name} of {user}")
        return Token(found, user, name, now, expires), secret

    def tokens(self, session: Session, user: str) -> list[Token]:
        """Tokens of oneself, or as admin of anybody, without their secrets."""
        if session.principal.name != user:
            self.require_admin(session)
        found = rows.tokens(self._cx(), self._named(user)[0])
        return [Token(number, user, name, created, expires) for number, name, created, expires in found]

    def remove_token(self, session: Session, number: int) -> None:
        """Revoke a token."""
        row = rows.token(self._cx(), number)
        if row is None:
            raise NotFound(f"no token {number}")
        if row[1] != session.principal.id:
            self.require_admin(session)
        self._write(session, lambda cx: rows.delete_token(cx, number), f"revoked token {number}")

    def revoke_secret(self, session: Session, secret: str) -> None:
        """Revoke the token with this secret, as signing out does; nothing happens when there is none."""
        hashed = _hash(secret)
        found = [row for row in self._cx().execute("SELECT id FROM token WHERE hash = ?", (hashed,))]
        for row in found:
            self._write(session, lambda cx, number=row[0]: rows.delete_token(cx, number), "signed out")

    def grants(self, session: Session) -> list[Grant]:
        """All grants; without the role of admin only one's own, those of one's groups, and those one decides about."""
        found = self._grants()
        if self.is_admin(session):
            return found
        own = {
            session.principal.name,
            *(user.name for user in self.users(session) if user.category == "group"),
        }
        shown = {grant.id for grant in managing.decided(session, found)}
        return [grant for grant in found if grant.principal in own or grant.id in shown]

    def add_grant(self, session: Session, grant: Grant, *, alone: bool = False) -> Grant:
        """Allow or deny something; the grant's own id is ignored.

        Args:
            session: who asks.
            grant: who may, or may not, do what.
            alone: whether the principal must have no other grant on the same.

        Raises:
            NotFound: there is no such principal or entity. Invalid: no such kind. Denied: without deciding about it.
            Conflict: the principal has another grant on the same.
        """
        managing.require(session, grant)
        principal = self._named(grant.principal)
        self._require_group(session, principal, grant)
        if grant.deny:
            self._spare_owners(session, principal[0])
        self._check_target(grant)

        def work(cx: Connection) -> int:
            if alone and any(_is_on(row, grant) for row in rows.own_grants(cx, principal[0])):
                raise Conflict(f"{grant.principal} has a grant on {grant.target} {grant.value} already")
            if grant.target in ("namespace", "classification"):
                self._catalog.writing.symbols.intern(cx, grant.value)
            row = (
                principal[0], rank(grant.role), grant.target, grant.value, grant.kind, int(grant.deny),
                grant.valid_from, grant.valid_until, grant.note,
            )  # fmt: skip
            return rows.add_grant(cx, row)

        verb = "denied" if grant.deny else "granted"
        note = f"{verb} {grant.role} on {grant.target} {grant.value} to {grant.principal}"
        return msgspec.structs.replace(grant, id=self._write(session, work, note))

    def change_grant(self, session: Session, number: int, role: Role, *, deny: bool, note: str = "") -> Grant:
        """Let a grant allow or deny another role, on the same; NotFound when there is no such grant to see."""
        before = self._grant(session, number)
        after = msgspec.structs.replace(before, role=role, deny=deny, note=note)
        managing.require(session, after)
        if deny:
            self._spare_owners(session, self._named(before.principal)[0])
        what = f"changed grant {number} to {'deny ' if deny else ''}{role}"
        self._write(session, lambda cx: rows.change_grant(cx, number, rank(role), int(deny), note), what)
        return after

    def remove_grant(self, session: Session, number: int) -> None:
        """Take a grant back."""
        self._grant(session, number)

        def work(cx: Connection) -> None:
            if not rows.delete_grant(cx, number):
                raise NotFound(f"no grant {number}")

        self._write(session, work, f"removed grant {number}")

    def grants_on(self, session: Session, grant: Grant) -> list[Grant]:
        """The principal's grants on the same as this one; Denied without deciding about it."""
        managing.require(session, grant)
        principal = self._named(grant.principal)[1]
        same = (grant.target, grant.value, grant.kind)
        found = (each for each in self._grants() if each.principal == principal)
        return [each for each in found if (each.target, each.value, each.kind) == same]

    def _grants(self) -> list[Grant]:
        return [
            Grant(number, name, ROLES[role], target, value, bool(deny), start, end, kind, note)
            for number, name, role, target, value, kind, deny, start, end, note in rows.grants(self._cx())
        ]

    def _grant(self, session: Session, number: int) -> Grant:
        """One grant, about which the caller must decide; who does not is not told whether there is one."""
        found = [grant for grant in self._grants() if grant.id == number]
        if not managing.decided(session, found):
            self.require_admin(session, owner=bool(found))
            raise NotFound(f"no grant {number}")
        self._require_group(session, self._named(found[0].principal))
        return found[0]

    def is_admin(self, session: Session) -> bool:
        """Whether the caller may manage accounts."""
        return session.scope.manages("admin")

    def require_admin(self, session: Session, *, owner: bool = False) -> None:
        """Denied unless the caller is an admin (or owner) of the whole store."""
        needed: Role = "owner" if owner else "admin"
        if not session.scope.manages(needed):
            raise Denied(f"only an {needed} of the whole store may do this")

    def _require_over(self, session: Session, *principals: int) -> None:
        """Owners are in the hands of owners only, or an admin could act as one, become one or shut one out."""
        self.require_admin(session, owner=self._owns(*principals))

    def _spare_owners(self, session: Session, *principals: int) -> None:
        """The same for what others than admins may do, too. A group is an owner when a member is."""
        members = [number for each in principals for number in rows.members(self._cx(), each)]
        if self._owns(*principals, *members):
            self.require_admin(session, owner=True)

    def _owns(self, *principals: int) -> bool:
        found = (row for number in principals for row in rows.grants_of(self._cx(), number))
        return any(row[1] == rank("owner") and row[2] == "store" and not row[5] for row in found)

    def _is_admin_of(self, session: Session, namespace: str) -> bool:
        return bool(namespace) and session.scope.manages("admin", namespace)

    def _decided(self, session: Session, name: str) -> Row:
        """A principal about which the caller may decide: as admin or, of a group, as admin of its namespace.

        The latter only of a group that reaches no further: to join it must not let anybody out of the namespace,
        nor to leave it lift a denial elsewhere.
        """
        found = rows.principal(self._cx(), name)
        if found is None or found[2] != "group" or not self._is_admin_of(session, found[6]):
            self.require_admin(session)
            found = self._named(name)
            self._require_over(session, found[0])
        else:
            self._require_group(session, found)
        return found

    def _require_group(self, session: Session, principal: Row, *new: Grant) -> None:
        """Who is no admin may decide only about users, and about groups that lie in a namespace they manage."""
        if principal[2] != "group" or self.is_admin(session):
            return
        own = [*new, *(grant for grant in self._grants() if grant.principal == principal[1])]
        inside = all(managing.lies_in(self._cx(), grant, principal[6]) for grant in own)
        if not (self._is_admin_of(session, principal[6]) and inside):
            raise Denied("only an admin of the whole store may decide about this group")

    def _check_target(self, grant: Grant) -> None:
        if grant.kind:
            self._catalog.types().kind(grant.kind)
            if grant.target != "namespace":
                raise Invalid("only a grant on a namespace may be limited to a kind")
        if grant.target == "kind":
            self._catalog.types().kind(grant.value)
        elif grant.target == "entity" and entities.by_uuid(self._cx(), grant.value) is None:
            raise NotFound(f"nothing at {grant.value}; an entity is granted by its uuid")
        elif (grant.target == "store") != (grant.value == ""):
            raise Invalid("a grant on the store has no value, any other has one")

    def _user(self, name: str) -> Row:
        row = rows.principal(self._cx(), name)
        if row is None or row[2] != "user":
            raise NotFound(f"no user {name!r}")
        return row

    def _named(self, name: str) -> Row:
        row = rows.principal(self._cx(), name)
        if row is None:
            raise NotFound(f"no user or group {name!r}")
        return row

    def _cx(self) -> Connection:
        return self._catalog.store.reader()

    def _write(self, session: Session, work: Any, note: str) -> Any:
        """Do it in one transaction with its line in the audit."""
        state = self._catalog.writing

        def audited(cx: Connection) -> Any:
            result = work(cx)
            log.add_commit(
                cx, state.take(cx, "commit"), state.now(), session.principal.name, session.door, note
            )
            return result

        result = self._catalog.store.write(audited)
        self._catalog.changed_access()
        return result


def _is_admins(row: Row) -> bool:
    """Whether a grant makes an admin of the whole store."""
    return bool(row[1] >= rank("admin") and row[2] == "store" and not row[5])


def _is_on(row: Row, grant: Grant) -> bool:
    return row[2:5] == (grant.target, grant.value, grant.kind)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _hashed(password: str) -> str:
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


@functools.cache
def _decoy() -> str:
    """A hash that no password fits, so that an unknown name takes as long as a wrong password."""
    return _hashed(secrets.token_urlsafe())


def _check_name(name: str) -> None:
    if not name or len(name) > 200 or ":" in name or not name.isprintable() or name in ("local", "nobody"):
        raise Invalid("a name has 1 to 200 printable characters, no colon, and is not `local` or `nobody`")


def _check_password(password: str) -> None:
    if len(password) < _SHORTEST or len(password) > 1000:
        raise Invalid(f"a password has at least {_SHORTEST} characters")
