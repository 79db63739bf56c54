"""Full text: one document for each entity, written in the transaction of its change.

Words are cut here and not by a database, so that both find the same: lower case, accents taken off.

Spelling follows the idea of symmetric deletion (SymSpell, W. Garbe 2012): a word and a query that lie one edit
apart share a variant with one letter deleted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lineal.store.base import Connection

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_SPELT = re.compile(r"^[^\W\d_]{4,20}$")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_MAX_TEXT, _MAX_WORD, _MAX_WORDS = 50_000, 100, 2000
_WEIGHTS = "ACBD"


class Document(NamedTuple):
    """The text of an entity by weight: name 10, tags 4, description 2, columns 1.5."""

    name: str
    description: str
    tags: str
    columns: str


def words(text: str) -> list[str]:
    """Lower-case words; `customer_id`, `customer-id` and `customerId` are two words. A very long text is cut."""
    if not text:
        return []
    found = _WORD.findall(_CAMEL.sub(" ", _plain(text[:_MAX_TEXT])))
    return [word[:_MAX_WORD].lower() for word in found[:_MAX_WORDS]]


def parts(document: Document) -> list[list[str]]:
    """The words of each part of a document."""
    return [words(part) for part in document]


def _plain(text: str) -> str:
    """Text without accents."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def put(cx: Connection, entity: int, parts: Sequence[Sequence[str]], *, new: bool) -> None:
    """Index an entity anew, by the words of each part of its document."""
    if cx.dialect.name != "sqlite":
        cx.execute(
            "INSERT INTO document VALUES (?, ?) ON CONFLICT (entity) DO UPDATE SET vector = excluded.vector",
            (entity, vector(parts)),
        )
        return
    if not new:
        cx.execute("DELETE FROM document WHERE rowid = ?", (entity,))
    cx.execute(
        "INSERT INTO document (rowid, name, description, tags, columns) VALUES (?, ?, ?, ?, ?)",
        (entity, *(" ".join(part) for part in parts)),
    )


def vector(parts: Sequence[Sequence[str]]) -> str:
    """The words of a document's parts as PostgreSQL writes a tsvector."""
    weighted = [(word, weight) for weight, part in zip(_WEIGHTS, parts, strict=True) for word in part]
    return " ".join(f"'{word}':{place}{weight}" for place, (word, weight) in enumerate(weighted, 1))


def delete(cx: Connection, entity: int) -> None:
    """Take an entity out of the index."""
    column = "rowid" if cx.dialect.name == "sqlite" else "entity"
    cx.execute(f"DELETE FROM document WHERE {column} = ?", (entity,))


def learn(cx: Connection, new: Iterable[str]) -> None:
    """Make words findable when misspelt."""
    rows = [(variant, word) for word in new for variant in _variants(word)]
    if rows:
        cx.many("INSERT INTO spelling VALUES (?, ?) ON CONFLICT DO NOTHING", rows)


def spellable(found: Iterable[str]) -> set[str]:
    """Those of the words that spelling is kept for: letters only, neither short nor long."""
    return {word for word in found if _SPELT.match(word)}


def known(cx: Connection, word: str, *, prefix: bool) -> bool:
    """Whether any document has the word (or one that begins with it)."""
    sql = f"SELECT 1 FROM document d WHERE {match(cx)} LIMIT 1"
    return bool(cx.execute(sql, (expression(cx, [[word]], prefix=prefix),)))


def similar(cx: Connection, word: str, limit: int = 3) -> list[str]:
    """Known words one edit away."""
    sql = f"SELECT DISTINCT word FROM spelling WHERE {cx.dialect.among('variant')} ORDER BY word LIMIT 50"
    found = [row[0] for row in cx.execute(sql, (cx.dialect.pack(sorted(_variants(word))),))]
    return sorted(found, key=lambda each: (abs(len(each) - len(word)), each[0] != word[0], each))[:limit]


def match(cx: Connection) -> str:
    """The condition on `document d`, with the expression as its parameter."""
    if cx.dialect.name == "sqlite":
        return "d.document MATCH ?"
    return "d.vector @@ ?::tsquery"


def expression(cx: Connection, terms: Sequence[Sequence[str]], *, prefix: bool, names: bool = False) -> str:
    """All terms, each one of several words; the last is also a prefix. `names` looks at names only."""
    if cx.dialect.name == "sqlite":
        return _sqlite_expression(terms, prefix, names)
    suffix = "A" if names else ""
    groups = []
    for number, term in enumerate(terms):
        star = "*" if prefix and number == len(terms) - 1 else ""
        mark = f":{star}{suffix}" if star or suffix else ""
        groups.append("(" + " | ".join(f"'{word}'{mark}" for word in term) + ")")
    return " & ".join(groups)


def _sqlite_expression(terms: Sequence[Sequence[str]], prefix: bool, names: bool) -> str:
    groups = []
    for number, term in enumerate(terms):
        star = " *" if prefix and number == len(terms) - 1 else ""
        groups.append("(" + " OR ".join(f'"{word}"{star}' for word in term) + ")")
    joined = " AND ".join(groups)
    return f"name : ({joined})" if names else joined


def _variants(word: str) -> set[str]:
    return {word, *(word[:cut] + word[cut + 1 :] for cut in range(len(word)))}
