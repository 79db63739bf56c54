"""From text to a tree: the part of SQL's expressions that several protocols write their filters in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lineal.graph.errors import Invalid

_DEPTH, _LONGEST = 60, 100_000
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|\#[^\n]*|/\*.*?\*/)
    |(?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?)
    |(?P<text>'(?:\\.|''|[^'\\])*'|"(?:\\.|""|[^"\\])*")
    |(?P<quoted>`[^`]+`)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign><>|!=|<=|>=|[=<>(),.+*/-])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_WORDS = {
    "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN", "THEN",
    "ELSE", "END", "CAST", "AS",
}  # fmt: skip
FUNCTIONS = {"LENGTH": 1, "UPPER": 1, "LOWER": 1, "ABS": 1, "COALESCE": None, "IFNULL": 2}
TYPES = {"INT64": "int", "FLOAT64": "double", "STRING": "string", "BOOL": "bool"}
_SAME = {"<>": "!="}


class Node:
    """Part of an expression."""


@dataclass(frozen=True)
class Literal(Node):
    """A value that is written out; None for NULL."""

    value: int | float | str | bool | None


@dataclass(frozen=True)
class Path(Node):
    """Something named, by its parts."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Binary(Node):
    """Two values and what is between them: a comparison, arithmetic, LIKE, AND, OR."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Unary(Node):
    """NOT, a minus sign, IS NULL."""

    op: str
    of: Node


@dataclass(frozen=True)
class In(Node):
    """One of several values."""

    of: Node
    values: tuple[Node, ...]


@dataclass(frozen=True)
class Function(Node):
    """A function, or CAST with the type as its name."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Case(Node):
    """CASE: conditions with their values, and the value when none holds."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


class _Token(NamedTuple):
    kind: str
    text: str


def parse(text: str) -> Node:
    """The tree of an expression; Invalid when it is none."""
    if len(text) > _LONGEST:
        raise Invalid(f"a filter may have {_LONGEST} characters")
    parser = _Parser(_tokens(text))
    tree = parser.expression()
    parser.end()
    return tree


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Invalid(f"the filter cannot be read at {text[position : position + 30]!r}")
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "word" and match[0].upper() in _WORDS:
            found.append(_Token("key", match[0].upper()))
        elif kind != "space":
            found.append(_Token(kind, match[0]))
    return found


class _Parser:
    """Recursive descent, a method for each level of precedence."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = [*tokens, _Token("end", "")]
        self._at = 0
        self._depth = 0

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEPTH:
            raise Invalid(f"a filter may be nested {_DEPTH} deep")
        found = self._chain("OR", self._conjunction)
        self._depth -= 1
        return found

    def end(self) -> None:
        if self._tokens[self._at].kind != "end":
            raise self._unexpected()

    def _conjunction(self) -> Node:
        return self._chain("AND", self._negation)

    def _chain(self, word: str, operand: object) -> Node:
        assert callable(operand)
        found: Node = operand()
        while self._take(word):
            found = Binary(word, found, operand())
        return found

    def _negation(self) -> Node:
        if not self._take("NOT"):
            return self._predicate()
        self._depth += 1
        if self._depth > _DEPTH:
            raise Invalid(f"a filter may be nested {_DEPTH} deep")
        found = Unary("NOT", self._negation())
        self._depth -= 1
        return found

    def _predicate(self) -> Node:
        left = self._sum()
        for sign in ("=", "!=", "<>", "<=", ">=", "<", ">"):
            if self._take(sign):
                return Binary(_SAME.get(sign, sign), left, self._sum())
        if self._take("IS"):
            return self._is(left)
        negated = self._take("NOT")
        found = self._word_predicate(left)
        if found is None:
            if negated:
                raise self._unexpected()
            return left
        return Unary("NOT", found) if negated else found

    def _word_predicate(self, left: Node) -> Node | None:
        for word in ("LIKE", "ILIKE"):
            if self._take(word):
                return Binary(word, left, self._sum())
        if self._take("IN"):
            return In(left, self._list())
        if self._take("BETWEEN"):
            low = self._sum()
            self._need("AND")
            return Binary("AND", Binary(">=", left, low), Binary("<=", left, self._sum()))
        return None

    def _is(self, left: Node) -> Node:
        negated = self._take("NOT")
        if self._take("NULL"):
            found: Node = Unary("IS NULL", left)
        elif self._take("TRUE"):
            found = Function("COALESCE", (Binary("=", left, Literal(True)), Literal(False)))
        else:
            self._need("FALSE")
            found = Function("COALESCE", (Binary("=", left, Literal(False)), Literal(False)))
        return Unary("NOT", found) if negated else found

    def _list(self) -> tuple[Node, ...]:
        self._need("(")
        if self._take(")"):
            return ()
        found = [self._sum()]
        while self._take(","):
            found.append(self._sum())
        self._need(")")
        return tuple(found)

    def _sum(self) -> Node:
        return self._arithmetic(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._arithmetic(("*", "/"), self._signed)

    def _arithmetic(self, signs: Sequence[str], operand: object) -> Node:
        assert callable(operand)
        found: Node = operand()
        while self._tokens[self._at].text in signs and self._tokens[self._at].kind == "sign":
            sign = self._next().text
            found = Binary(sign, found, operand())
        return found

    def _signed(self) -> Node:
        negative = False
        while (minus := self._take("-")) or self._take("+"):
            negative ^= minus
        found = self._primary()
        if negative and isinstance(found, Literal) and isinstance(found.value, int | float):
            return Literal(-found.value)
        return Unary("-", found) if negative else found

    def _primary(self) -> Node:
        token = self._next()
        match token.kind, token.text:
            case "number", text:
                return Literal(int(text) if text.isdigit() else float(text))
            case "text", text:
                return Literal(_unquoted(text))
            case "key", ("TRUE" | "FALSE") as text:
                return Literal(text == "TRUE")
            case "key", "NULL":
                return Literal(None)
            case "key", "CASE":
                return self._case()
            case "key", "CAST":
                return self._cast()
            case "sign", "(":
                inner = self.expression()
                self._need(")")
                return inner
            case (("word" | "quoted"), _):
                return self._named(token)
        self._at -= 1
        raise self._unexpected()

    def _named(self, token: _Token) -> Node:
        if token.kind == "word" and self._take("("):
            return self._function(token.text.upper())
        parts = [token.text.strip("`")]
        while self._take("."):
            part = self._next()
            if part.kind not in ("word", "quoted", "key"):
                self._at -= 1
                raise self._unexpected()
            parts.append(part.text.strip("`"))
        return Path(tuple(parts))

    def _function(self, name: str) -> Node:
        if name not in FUNCTIONS:
            raise Invalid(f"there is no function {name}; there are {', '.join(FUNCTIONS)} and CAST")
        arguments = [self.expression()]
        while self._take(","):
            arguments.append(self.expression())
        self._need(")")
        if FUNCTIONS[name] not in (None, len(arguments)):
            raise Invalid(f"{name} takes {FUNCTIONS[name]} arguments")
        return Function("COALESCE" if name == "IFNULL" else name, tuple(arguments))

    def _cast(self) -> Node:
        self._need("(")
        of = self.expression()
        self._need("AS")
        name = self._next().text.upper()
        if name not in TYPES:
            raise Invalid(f"there is no type {name}; there are {', '.join(TYPES)}")
        self._need(")")
        return Function(name, (of,))

    def _case(self) -> Node:
        subject = None if self._tokens[self._at].text == "WHEN" else self.expression()
        branches = []
        while self._take("WHEN"):
            condition = self.expression()
            self._need("THEN")
            branches.append((Binary("=", subject, condition) if subject else condition, self.expression()))
        otherwise = self.expression() if self._take("ELSE") else Literal(None)
        self._need("END")
        if not branches:
            raise Invalid("CASE needs a WHEN")
        return Case(tuple(branches), otherwise)

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        if token.kind == "end":
            raise Invalid("the filter ends too early")
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        token = self._tokens[self._at]
        if token.kind in ("key", "sign") and token.text == text:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise Invalid(f"the filter needs {text} before {self._tokens[self._at].text or 'its end'!r}")

    def _unexpected(self) -> Exception:
        return Invalid(f"the filter makes no sense at {self._tokens[self._at].text or 'its end'!r}")


def _unquoted(text: str) -> str:
    quote = text[0]

    def one(match: re.Match[str]) -> str:
        return _ESCAPES.get(match[1], match[1]) if match[1] else quote

    return re.sub(rf"\\(.)|{quote}{quote}", one, text[1:-1], flags=re.DOTALL)
