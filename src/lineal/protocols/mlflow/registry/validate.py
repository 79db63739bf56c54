"""What MLflow's registry accepts as names, numbers, tags, aliases and stages."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence

from lineal.graph.mlflow.registry import STAGES
from lineal.protocols.mlflow import validate
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.registry.wire import Tag

LONGEST_VALUE = 100_000
LONGEST_ALIAS = 255
PROMPT_TEXT = "mlflow.prompt.text"

_ALIAS = re.compile(r"[\w\-]*")
_LIKE_A_VERSION = re.compile(r"[vV]\d+")
_STAGES = {stage.lower(): stage for stage in STAGES}


def model_name(name: str, parameter: str = "name") -> str:
    """The name of a model; Refused when it is blank or would lead elsewhere in a URL or a path."""
    if not name.strip():
        raise invalid(f"Missing value for required parameter '{parameter}'.")
    if "/" in name or ":" in name:
        raise invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    resolved = posixpath.normpath(name)
    if resolved != name or resolved in (".", ".."):
        raise invalid(
            f"Invalid value {json.dumps(name)} for parameter 'name' supplied: Names may be treated as files in"
            " certain cases, and must not resolve to other names when treated as such. This name would resolve to"
            f" {resolved!r}"
        )
    return name


def version(text: str) -> int:
    """The number of a version; Refused when it is none."""
    try:
        return int(text)
    except ValueError:
        raise invalid(f"Parameter 'version' must be an integer, got '{text[:100]}'.") from None


def tags(given: Sequence[Tag]) -> dict[str, str]:
    """Tags by key, of which the last counts; Refused when one is ill-formed or too long."""
    for each in given:
        tag(each.key, each.value)
    return {each.key: each.value for each in given}


def tag(key: str, value: str) -> None:
    """Refuse an ill-formed or overlong tag."""
    validate.key(key)
    if key == PROMPT_TEXT and len(value) > LONGEST_VALUE:
        raise invalid(f"Prompt text exceeds max length of {LONGEST_VALUE} characters.")
    validate.length("value", value, LONGEST_VALUE)


def alias(name: str) -> str:
    """An alias that may be asked for; Refused when it is ill-formed or too long."""
    if not _ALIAS.fullmatch(name):
        raise invalid(
            f"Invalid alias name: '{name}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )
    validate.length("Registered model alias name", name, LONGEST_ALIAS)
    return name


def new_alias(name: str) -> str:
    """An alias that may be set: one that could not be taken for a version."""
    alias(name)
    if name.lower() == "latest":
        raise invalid("'latest' alias name (case insensitive) is reserved.")
    if _LIKE_A_VERSION.fullmatch(name):
        raise invalid(f"Version alias name '{name}' is reserved.")
    return name


def stage(text: str) -> str:
    """A stage by its proper name; Refused when there is no such."""
    found = _STAGES.get(text.lower())
    if found is None:
        raise invalid(f"Invalid Model Version stage: {text}. Value must be one of {', '.join(STAGES)}.")
    return found
