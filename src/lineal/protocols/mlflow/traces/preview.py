"""What lists of traces show of a request and its response."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 1000
_MOST_NESTED = 20


def preview(content: Any, role: str) -> str | None:
    """The last message of this role if there are messages, else JSON text, cut; None of nothing.

    Args:
        content: inputs or outputs of the first span.
        role: `user` or `assistant`.
    """
    if content is None:
        return None
    return cut(_message(content, role) or json.dumps(content, ensure_ascii=False))


def cut(text: str) -> str:
    """Text of the length that a preview may have."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _message(content: Any, role: str) -> str:
    messages = _messages(content)
    if not messages:
        return ""
    last = next((each for each in reversed(messages) if each["role"] == role), messages[-1])
    return _text(last["content"])


def _messages(content: Any) -> list[dict[str, Any]]:
    """Messages as the chat and the responses interfaces of OpenAI have them."""
    for _ in range(_MOST_NESTED):
        if not isinstance(content, dict):
            return []
        for part in ("messages", "input", "output"):
            if isinstance(content.get(part), list) and content[part]:
                return [each for each in content[part] if _is_message(each)]
        choices = content.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            message: Any = choices[0].get("message")
            return [message] if _is_message(message) else []
        content = content.get("request")
    return []


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and "role" in item and "content" in item


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            return part
        if isinstance(part, dict) and part.get("type") in ("text", "output_text"):
            return str(part.get("text") or "")
    return ""
