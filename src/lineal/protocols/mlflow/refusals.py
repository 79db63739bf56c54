"""Why an operation that MLflow publishes is not served, for whoever asks for it nonetheless."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("operations.toml")


def reason(path: str) -> str:
    """Why nothing is served at a path; empty when MLflow serves nothing there either."""
    plain = re.sub(r"^/ajax-api/", "/api/", path)
    return next((why for pattern, why in _refused() if pattern.fullmatch(plain)), "")


@cache
def _refused() -> list[tuple[re.Pattern[str], str]]:
    """A pattern for the paths of each refused operation. Read when it is first asked for, which is rare."""
    operations = tomllib.loads(TABLE.read_text("utf-8"))["operation"]
    return [(_pattern(each["name"].split()[1]), each["refused"]) for each in operations if "refused" in each]


def _pattern(path: str) -> re.Pattern[str]:
    plain = re.sub(r"^/ajax-api/", "/api/", path)
    parts = re.split(r"(\{[^}]+\})", plain)
    return re.compile("".join(_part(each) for each in parts))


def _part(text: str) -> str:
    if not text.startswith("{"):
        return re.escape(text)
    return ".+" if text.endswith("path}") else "[^/]+"
