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
    """How a request went; `error` is empty when it was answered with a status of 2xx."""

    status: int
    error: str


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
    literal = _address(parts.hostname)
    if literal is not None and not allow_private and not _public(literal):
        raise Invalid(f"{parts.hostname} is not a public address")
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], allow_private: bool) -> Outcome:
    """Send a POST. Redirects are not followed; the address that was checked is the one connected to."""
    try:
        parts = check_url(url, allow_private)
        connection = _Pinned(parts, _resolve(parts, allow_private))
        try:
            connection.request("POST", _target(parts), body, dict(headers))
            status = connection.getresponse().status
        finally:
            connection.close()
    except (Invalid, Refused) as error:
        return Outcome(0, str(error))
    except (OSError, http.client.HTTPException) as error:
        return Outcome(0, f"{type(error).__name__}: {error}")
    return Outcome(status, "" if 200 <= status < 300 else f"answered with status {status}")


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
