"""Users, groups, tokens and grants. Passwords are kept as argon2 hashes, tokens as SHA-256 of their secret."""

from __future__ import annotations

import functools
import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

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

    def users(self, session: Session) -> list[User]:
        """All users and groups; only oneself without the role of admin."""
        cx = self._cx()
        groups: dict[int, list[str]] = {}
        for member, _, name in rows.memberships(cx):
            groups.setdefault(member, []).append(name)
        every = [
            User(number, name, category, bool(active), created, sorted(groups.get(number, [])))
            for number, name, category, active, created in rows.principals(cx)
        ]
        return (
            every
            if self.is_admin(session)
            else [user for user in every if user.name == session.principal.name]
        )

    def add_user(
        self,
        session: Session,
        name: str,
        password: str | None,
        category: str = "user",
        *,
        owner: bool = False,
    ) -> User:
        """Add a user or a group, as an owner of the whole store if asked for.

        Raises:
            Conflict: the name is taken. Invalid: the name or the password will not do.
            Denied: only owners make owners.
        """
        self.require_admin(session, owner=owner)
        _check_name(name)
        if category == "user":
            _check_password(password or "")
        hashed = _hashed(password) if password else None
        now = self._catalog.writing.now()

        def work(cx: Connection) -> int:
            if rows.principal(cx, name) is not None:
                raise Conflict(f"{name!r} exists already")
            number = rows.add_principal(cx, name, category, hashed, now)
            if owner:
                rows.add_grant(cx, (number, rank("owner"), "store", "", 0, None, None))
            return number

        number = self._write(session, work, f"added {category} {name}" + (" as owner" if owner else ""))
        return User(number, name, "group" if category == "group" else "user", created=now)

    def remove_user(self, session: Session, name: str) -> None:
        """Remove a user or group with its tokens and grants."""
        self.require_admin(session)
        number = self._named(name)[0]
        self._require_over(session, number)
        self._write(session, lambda cx: rows.delete_principal(cx, number), f"removed {name}")

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

    def add_member(self, session: Session, user: str, group: str) -> None:
        """Put a user into a group."""
        self.require_admin(session)
        member, found = self._named(user), self._named(group)
        if found[2] != "group" or member[2] == "group":
            raise Invalid(f"{user!r} must be a user and {group!r} a group")
        self._require_over(session, member[0], found[0])
        self._write(session, lambda cx: rows.add_member(cx, member[0], found[0]), f"added {user} to {group}")

    def remove_member(self, session: Session, user: str, group: str) -> None:
        """Take a user out of a group."""
        self.require_admin(session)
        member, found = self._named(user), self._named(group)
        self._require_over(session, member[0], found[0])
        self._write(
            session, lambda cx: rows.drop_member(cx, member[0], found[0]), f"removed {user} from {group}"
        )

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
        """All grants; only one's own without the role of admin."""
        found = [
            Grant(number, name, ROLES[role], target, value, bool(deny), start, end)
            for number, name, role, target, value, deny, start, end in rows.grants(self._cx())
        ]
        if self.is_admin(session):
            return found
        return [grant for grant in found if grant.principal == session.principal.name]

    def add_grant(self, session: Session, grant: Grant) -> Grant:
        """Allow or deny something; the grant's own id is ignored.

        Raises:
            NotFound: there is no such principal or entity. Invalid: no such kind. Denied: without being admin.
        """
        self.require_admin(session, owner=grant.role in ("owner",))
        principal = self._named(grant.principal)[0]
        if grant.deny:
            self._require_over(session, principal)
        self._check_target(grant)

        def work(cx: Connection) -> int:
            if grant.target in ("namespace", "classification"):
                self._catalog.writing.symbols.intern(cx, grant.value)
            row = (
                principal, rank(grant.role), grant.target, grant.value, int(grant.deny), grant.valid_from,
                grant.valid_until,
            )  # fmt: skip
            return rows.add_grant(cx, row)

        verb = "denied" if grant.deny else "granted"
        note = f"{verb} {grant.role} on {grant.target} {grant.value} to {grant.principal}"
        return msgspec.structs.replace(grant, id=self._write(session, work, note))

    def remove_grant(self, session: Session, number: int) -> None:
        """Take a grant back."""
        self.require_admin(session)
        found = [grant.role for grant in self.grants(session) if grant.id == number]
        self.require_admin(session, owner="owner" in found)

        def work(cx: Connection) -> None:
            if not rows.delete_grant(cx, number):
                raise NotFound(f"no grant {number}")

        self._write(session, work, f"removed grant {number}")

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
        owner = rank("owner")
        found = [row for number in principals for row in rows.grants_of(self._cx(), number)]
        self.require_admin(
            session, owner=any(row[1] == owner and row[2] == "store" and not row[4] for row in found)
        )

    def _check_target(self, grant: Grant) -> None:
        if grant.target == "kind":
            self._catalog.types().kind(grant.value)
        elif grant.target == "entity" and entities.by_uuid(self._cx(), grant.value) is None:
            raise NotFound(f"nothing at {grant.value}; an entity is granted by its uuid")
        elif (grant.target == "store") != (grant.value == ""):
            raise Invalid("a grant on the store has no value, any other has one")

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
