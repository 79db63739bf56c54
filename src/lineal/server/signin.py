"""Who is asking: credentials to a principal, remembered for a while; and whether a browser may ask at all."""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import hmac
import secrets
import time
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lineal.catalog.catalog import LOCAL
from lineal.catalog.values import Principal
from lineal.graph.errors import Denied, Unauthenticated
from lineal.protocols.base import cookie_of
from lineal.server.http import RawHeaders

if TYPE_CHECKING:
    from lineal.catalog.accounts import Accounts

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REMEMBERED = 4096
_TOKEN_SECONDS = 5.0
_PASSWORD_SECONDS = 60.0
_EXIST_SECONDS = 1.0
_FREE_GUESSES = 3
_LONGEST_WAIT = 30.0

Clock = Callable[[], float]


class Memory:
    """Principals by their credentials, for a time. Credentials are kept only as keyed hashes."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[Principal, float]] = {}

    def get(self, credentials: bytes) -> Principal | None:
        """Whose these are, if that was found out lately."""
        found = self._known.get(self._hash(credentials))
        return found[0] if found and found[1] > self._clock() else None

    def put(self, credentials: bytes, principal: Principal, seconds: float) -> None:
        """Remember for this long."""
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[self._hash(credentials)] = principal, self._clock() + seconds

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def _hash(self, credentials: bytes) -> bytes:
        return hashlib.blake2b(credentials, key=self._key, digest_size=16).digest()


class Brake:
    """Slows guessing: after a few failures the next attempt must wait, twice as long each time."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}

    def check(self, name: str, client: str) -> None:
        """Refuse an attempt that comes too early; Unauthenticated then says how long to wait."""
        count, last = self._failures.get((name, client), (0, 0.0))
        if count < _FREE_GUESSES:
            return
        wait = last + min(2.0 ** (count - _FREE_GUESSES), _LONGEST_WAIT) - self._clock()
        if wait > 0:
            raise Unauthenticated(f"too many failed sign-ins; try again in {int(wait) + 1} s")

    def failed(self, name: str, client: str) -> None:
        """Count a failure."""
        count, _ = self._failures.pop((name, client), (0, 0.0))
        if len(self._failures) >= _REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[name, client] = count + 1, self._clock()

    def succeeded(self, name: str, client: str) -> None:
        """Start counting anew."""
        self._failures.pop((name, client), None)


class Terms(NamedTuple):
    """On what terms requests are let in.

    Attributes:
        trusted: the caller is this very process, so nobody signs in.
        open: nobody signs in as long as no account exists.
        origin: of the server as browsers see it through a proxy, such as `https://lineal.example`.
    """

    trusted: bool
    open: bool
    origin: str


class Gate:
    """Lets requests in, and knows who sent them."""

    def __init__(self, accounts: Accounts, terms: Terms) -> None:
        self._accounts = accounts
        self._terms = terms
        self._memory = Memory()
        self._brake = Brake()
        # Few at once: each verification of a password takes tens of megabytes and milliseconds.
        self._pool = ThreadPoolExecutor(2, "lineal-sign-in")
        self._exist = False
        self._exist_until = 0.0

    def is_open(self) -> bool:
        """Whether nobody has to sign in."""
        return self._terms.trusted or (self._terms.open and not self._accounts_exist())

    def check_browser(self, method: str, headers: RawHeaders) -> None:
        """Refuse what a page from elsewhere makes a browser send.

        Raises:
            Denied: the request changes something and comes from another origin; or nobody signs in here, and
                the server is called by a name that is not this machine's.
        """
        host = headers.get(b"host", b"")
        if host and self._terms.open and not _is_this_machine(host) and self.is_open():
            raise Denied("without accounts Lineal answers only under localhost, 127.0.0.1 or [::1]")
        if method not in _SAFE and self._is_from_elsewhere(headers, host):
            raise Denied("a page of another origin may not change anything here")

    def remembered(self, headers: RawHeaders) -> Principal | None:
        """Who it is, when that takes no look-up."""
        if self.is_open():
            return LOCAL
        credentials = headers.get(b"authorization")
        return self._memory.get(credentials) if credentials else None

    async def principal(self, method: str, headers: RawHeaders, client: str) -> Principal:
        """Who it is; Unauthenticated when the credentials are missing, unknown or expired."""
        known = self.remembered(headers)
        if known is not None:
            return known
        credentials = headers.get(b"authorization")
        if credentials is None:
            return await self._by_cookie(method, headers)
        scheme, _, value = credentials.partition(b" ")
        if scheme.lower() == b"bearer":
            principal, seconds = await self._by_token(value.strip().decode("latin-1")), _TOKEN_SECONDS
        elif scheme.lower() == b"basic":
            principal, seconds = await self._by_pair(value, client)
        else:
            raise Unauthenticated("use Bearer or Basic credentials")
        self._memory.put(credentials, principal, seconds)
        return principal

    async def sign_in(self, name: str, password: str, client: str) -> Principal:
        """The account with this password; Unauthenticated when there is none, or after too many guesses."""
        self._brake.check(name, client)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._pool, self._accounts.verify_password, name, password)
        if found is None:
            self._brake.failed(name, client)
            raise Unauthenticated("no account has this name and password")
        self._brake.succeeded(name, client)
        return found

    def forget(self) -> None:
        """Look up everything anew."""
        self._memory.clear()
        self._exist, self._exist_until = False, 0.0

    def close(self) -> None:
        """Give back the threads."""
        self._pool.shutdown(wait=False)

    def _accounts_exist(self) -> bool:
        if not self._exist and self._exist_until <= time.monotonic():
            self._exist = self._accounts.exist()
            self._exist_until = time.monotonic() + _EXIST_SECONDS
        return self._exist

    async def _by_token(self, secret: str) -> Principal:
        found = await self._token(secret)
        if found is None:
            raise Unauthenticated("the token is unknown or expired")
        return found

    async def _by_pair(self, encoded: bytes, client: str) -> tuple[Principal, float]:
        """By name and password, or name and token."""
        name, secret = _pair(encoded)
        found = await self._token(secret)
        if found is not None and hmac.compare_digest(found.name.encode(), name.encode()):
            return found, _TOKEN_SECONDS
        return await self.sign_in(name, secret, client), _PASSWORD_SECONDS

    async def _by_cookie(self, method: str, headers: RawHeaders) -> Principal:
        secret = cookie_of(headers.get(b"cookie", b"").decode("latin-1"))
        if not secret:
            raise Unauthenticated("sign in, or send a token")
        from_here = b"origin" in headers or headers.get(b"sec-fetch-site") == b"same-origin"
        if method not in _SAFE and not from_here:
            raise Denied("with a cookie only pages of this server may change anything")
        remembered_as = b"Cookie " + secret.encode("latin-1")
        known = self._memory.get(remembered_as)
        if known is None:
            known = await self._by_token(secret)
            self._memory.put(remembered_as, known, _TOKEN_SECONDS)
        return known

    async def _token(self, secret: str) -> Principal | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._accounts.verify_token, secret)

    def _is_from_elsewhere(self, headers: RawHeaders, host: bytes) -> bool:
        """Whether a browser says that a page of another origin sends this; other clients say nothing of it."""
        origin = headers.get(b"origin")
        if origin is not None:
            return not self._same_origin(origin, host)
        return headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")

    def _same_origin(self, origin: bytes, host: bytes) -> bool:
        text = origin.decode("latin-1")
        # An origin is no more than `scheme://host:port`, whatever stands there instead.
        place = text.partition("://")[2]
        return bool(place) and (place == host.decode("latin-1") or text == self._terms.origin)


@lru_cache(256)
def _is_this_machine(host: bytes) -> bool:
    name, colon, port = host.rpartition(b":")
    if not colon or not port.isdigit():
        name = host
    return name.lower() in (b"localhost", b"127.0.0.1", b"[::1]")


def _pair(encoded: bytes) -> tuple[str, str]:
    try:
        name, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unauthenticated("the Basic credentials are not base64 of name:password") from error
    if not colon:
        raise Unauthenticated("the Basic credentials lack a password")
    return name, secret
