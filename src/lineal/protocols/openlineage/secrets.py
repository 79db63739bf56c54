"""What must not be kept: values of environment variables and parameters that look like secrets, passwords in URLs.

A secret is known by the name of its variable, by a well-known beginning, or by looking like chance: long, without
blanks and paths, and of high entropy.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from lineal.graph.errors import NOT_JSON

REMOVED = "[removed]"
_NAME = re.compile(
    r"pass(wd|word|phrase)?(?![a-z])|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key"
    r"|(?<![a-z])(pwd|auth|authorization|dsn|cookie|signature|sas|salt)(?![a-z])|key[-_.]?id|bearer",
    re.IGNORECASE,
)
_BEGINNING = re.compile(
    r"(AKIA|ASIA|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|hf_|dapi|eyJ[A-Za-z0-9_-]{8,}\."
    r"|AIza|ya29\.|npm_|pypi-|Bearer |Basic |-----BEGIN)"
)
_IN_URL = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'\\]*:)[^\s/@\"'\\]+(?=@)")
_IN_QUERY = re.compile(
    r"(?P<before>[?&;](?:password|passwd|pwd|token|sig|signature|access_token|secret|api_key|apikey)=)[^&;\s\"'\\]+",
    re.IGNORECASE,
)
_CHANCE = re.compile(r"[A-Za-z0-9+/_=~-]{20,}")
_BITS = 3.7
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Where lists of named values are, by the facet's name.
_LISTS = {
    "environmentVariables": ("environmentVariables", "name"),
    "executionParameters": ("parameters", "key"),
}
# Any of these in the text of an event makes it worth a look.
_NAMED = (b'"environmentVariables"', b'"executionParameters"', b"@")
_IN_QUERIES = (b"pass", b"pwd=", b"token=", b"sig", b"secret=", b"apikey=", b"api_key=")


def cleaned(body: bytes) -> bytes:
    """An event's JSON text without secrets; what is no JSON stays as it is."""
    if not any(sign in body for sign in _NAMED):
        lower = body.lower() if b"=" in body and b"://" in body else b""
        if not any(sign in lower for sign in _IN_QUERIES):
            return body
    try:
        event = msgspec.json.decode(body)
        plain = _without_passwords(_without_values(event))
    except NOT_JSON:
        return body
    return msgspec.json.encode(plain)


def looks_secret(name: str, value: str) -> bool:
    """Whether a named value is probably a secret."""
    if not value:
        return False
    return bool(_NAME.search(name) or _BEGINNING.match(value) or _is_chance(value))


def _is_chance(value: str) -> bool:
    if not _CHANCE.fullmatch(value) or _UUID.fullmatch(value) or value.count("/") > 1:
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    return has_digit and has_letter and _entropy(value) >= _BITS


def _entropy(text: str) -> float:
    """Bits a character."""
    size = len(text)
    return -sum(count / size * math.log2(count / size) for count in Counter(text).values())


def _without_values(event: Any) -> Any:
    for facets in _facets(event):
        for facet, (field, name) in _LISTS.items():
            found = facets.get(facet)
            values = found.get(field) if isinstance(found, dict) else None
            for each in values if isinstance(values, list) else ():
                if isinstance(each, dict) and looks_secret(
                    str(each.get(name, "")), str(each.get("value") or "")
                ):
                    each["value"] = REMOVED
    return event


def _facets(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of facets within an event, those of a parent's run as well."""
    if isinstance(value, list):
        for item in value:
            yield from _facets(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "facets" and isinstance(item, dict):
                yield item
            yield from _facets(item)


def _without_passwords(value: Any) -> Any:
    if isinstance(value, str):
        return _plain(value) if "://" in value or "=" in value else value
    if isinstance(value, list):
        return [_without_passwords(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_passwords(item) for key, item in value.items()}
    return value


def _plain(text: str) -> str:
    return _IN_QUERY.sub(rf"\g<before>{REMOVED}", _IN_URL.sub(rf"\g<before>{REMOVED}", text))
