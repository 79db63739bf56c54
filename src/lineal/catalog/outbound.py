"""Requests that Lineal itself sends to addresses that somebody entered: never to places only it can reach."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from lineal.graph.errors import Invalid

TIMEOUT = 10.0
_LONGEST = 2000


class Refused(Exception):
    """The address is one to which nothing is sent."""


class Outcome(NamedTuple):
    """How a request went; `error` is empty when it was answered with a status of 2xx.

    Attributes:
        body: the beginning of the answer, if it was asked for.
    """

    status: int
    error: str
    body: str = ""


def check_url(url: str, allow_private: bool) -> SplitResult:
    """Hold a URL against what may be called.

    Raises:
        Invalid: it is not `http(s)://host…`, carries credentials, or names a private address outright.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(f"not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Invalid("a webhook's URL begins with http:// or https:// and a host")
    if "@" in parts.netloc or len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid(f"a webhook's URL has at most {_LONGEST} plain characters and no credentials")
    if not allow_private and _is_private(parts.hostname):
        raise Invalid(f"{parts.hostname} is not a public address")
    return parts


def _is_private(host: str) -> bool:
    """Whether a host is a private address in any spelling, or a name that always means this machine."""
    name = host.rstrip(".").lower()
    literal = _address(name) or _spelt(name)
    if literal is not None:
        return not _public(literal)
    return name == "localhost" or name.endswith(".localhost")


def _spelt(text: str) -> ipaddress.IPv4Address | None:
    """An IPv4 address as resolvers also take it, such as 127.1, 0x7f000001 or 2130706433."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def post(url: str, body: bytes, headers: Mapping[str, str], allow_private: bool, keep: int = 0) -> Outcome:
    """Send a POST. Redirects are not followed; the address that was checked is the one connected to.

    Args:
        url: to whom.
        body, headers: what is sent.
        allow_private: whether loopback and private addresses may be called.
        keep: at most so many bytes of the answer are wanted, of those that come at once.
    """
    try:
        parts = check_url(url, allow_private)
        connection = _Pinned(parts, _resolve(parts, allow_private))
        try:
            connection.request("POST", _target(parts), body, dict(headers))
            response = connection.getresponse()
            status, answer = response.status, response.read1(keep) if keep else b""
        finally:
            connection.close()
    except (Invalid, Refused) as error:
        return Outcome(0, str(error))
    except (OSError, http.client.HTTPException) as error:
        return Outcome(0, f"{type(error).__name__}: {error}")
    complaint = "" if 200 <= status < 300 else f"answered with status {status}"
    return Outcome(status, complaint, answer.decode(errors="replace"))


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the host's name resolves to by now."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        secure = parts.scheme == "https"
        super().__init__(parts.hostname or "", parts.port or (443 if secure else 80), timeout=TIMEOUT)
        self._address = address
        self._tls = ssl.create_default_context() if secure else None

    def connect(self) -> None:
        """Connect to the checked address; the certificate is still held against the name."""
        plain = socket.create_connection((self._address, self.port), TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain


def _resolve(parts: SplitResult, allow_private: bool) -> str:
    """The first address of the host; Refused when any of its addresses is not public."""
    found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for each in addresses:
        address = _address(each)
        if not allow_private and (address is None or not _public(address)):
            raise Refused(f"{parts.hostname} leads to {each}, which is not a public address")
    return addresses[0]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is on the open Internet; an IPv4 address carried in an IPv6 one decides for it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return _public(inner)
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
