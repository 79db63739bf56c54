"""What a serialized scorer says, read as JSON and nothing more: nothing of it is ever imported, unpickled or run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lineal.protocols.mlflow.errors import invalid

GATEWAY = "gateway:/"
JUDGE = "instructions_judge_pydantic_data"
_BUILT_IN = "builtin_scorer_pydantic_data"
_THIRD_PARTY = "third_party_scorer_data"
_MEMORY = "memory_augmented_judge_data"
# Options of a client of language models that decide where it sends its requests, and with them its key.
_DESTINATIONS = frozenset({"api_base", "base_url", "model_list", "fallbacks", "custom_llm_provider"})
_EXPECTATIONS = re.compile(r"\{\{\s*expectations\s*\}\}")


def check(text: str) -> str | None:
    """Refuse a scorer that would make whoever loads it run its code or send requests to where it says.

    Returns:
        Its description, if it has one.

    Raises:
        Refused: that is so, or it is no scorer at all.
    """
    scorer = read(text)
    if any(each.get("call_source") is not None for each in _objects(scorer)):
        raise invalid(
            "Custom scorers (made with the @scorer decorator) are not taken in: whoever loads one runs the code in"
            " it. Keep such code in a source repository, or register a built-in scorer or one of make_judge()."
        )
    for each in _objects(scorer):
        if isinstance(each.get(_THIRD_PARTY), dict):
            _check_options(each[_THIRD_PARTY].get("kwargs"))
    _check_model(model_of(scorer))
    description = scorer.get("description")
    return description if isinstance(description, str) else None


def read(text: str) -> dict[str, Any]:
    """A serialized scorer; Refused when it is no JSON object."""
    try:
        scorer = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid("serialized_scorer must be valid JSON") from None
    if not isinstance(scorer, dict):
        raise invalid("serialized_scorer must be a JSON object")
    return scorer


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within a value, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _check_options(options: Any) -> None:
    if options is None:
        return
    if not isinstance(options, dict):
        raise invalid(f"{_THIRD_PARTY}.kwargs must be a JSON object, got {type(options).__name__}.")
    named = {key for each in _objects(options) for key in each}
    found = sorted(_DESTINATIONS & (named | set(_pairs(options))))
    if found:
        raise invalid(
            f"{_THIRD_PARTY}.kwargs must not contain {', '.join(map(repr, found))}: they decide where the"
            " scorer's requests go."
        )


def _pairs(value: Any) -> Iterator[str]:
    """First items of lists of two, which may stand for the keys of an object."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            if len(each) == 2 and isinstance(each[0], str):
                yield each[0]
            waiting += each
        elif isinstance(each, dict):
            waiting += each.values()


def model_of(scorer: dict[str, Any]) -> Any:
    """The language model that a scorer asks, if it says so."""
    while isinstance(scorer.get(_MEMORY), dict):
        inner = scorer[_MEMORY].get("base_judge")
        scorer = inner if isinstance(inner, dict) else {}
    parts = (scorer.get(part) for part in (JUDGE, _BUILT_IN, _THIRD_PARTY))
    return next((part.get("model") for part in parts if isinstance(part, dict) and part), None)


def _check_model(model: Any) -> None:
    if model is None:
        return
    if not isinstance(model, str):
        raise invalid(f"Scorer model must be a string, got {type(model).__name__}.")
    if not model.strip():
        raise invalid("Scorer model cannot be empty or contain only whitespace.")


def check_automatic(name: str, text: str) -> None:
    """Refuse a scorer that cannot judge traces as they come: without a gateway's model, or in need of expectations."""
    scorer = read(text)
    model = model_of(scorer)
    if not isinstance(model, str) or not model.startswith(GATEWAY):
        raise invalid(
            f"Scorer '{name}' does not use a gateway model. Automatic evaluation is only supported for scorers"
            " that do."
        )
    judge = scorer.get(JUDGE)
    instructions = judge.get("instructions") if isinstance(judge, dict) else None
    if isinstance(instructions, str) and _EXPECTATIONS.search(instructions):
        raise invalid(
            f"Scorer '{name}' requires expectations, which traces do not have when they are evaluated automatically."
        )
