"""What other tools' attributes mean in MLflow's terms: type of a span, inputs and outputs, tokens, model.

Each family of tools names these in its own way; a table says how. The first family that has an answer gives it. The
few that need more than names have a function of their own below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lineal.graph.mlflow.spans import INPUTS, MODEL, OUTPUTS, PROVIDER, TYPE, USAGE

FORMAT = "mlflow.message.format"
TOOLS = "mlflow.chat.tools"
_OWN = "mlflow."
_UNKNOWN = "UNKNOWN"

Attributes = Mapping[str, Any]
Events = Sequence[Mapping[str, Any]]


class Tokens(NamedTuple):
    """Attributes that count tokens; of several the first that is there."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    total: tuple[str, ...] = ()
    cache_read: tuple[str, ...] = ()
    cache_write: tuple[str, ...] = ()


class Family(NamedTuple):
    """How tools of one family name things.

    Attributes:
        types: for each attribute that may tell the type of a span, what its values mean.
        inputs, outputs: attributes, or patterns of their names.
        marks: attributes by which messages in the family's own `format` are known.
        applies: whether a span is of the family at all.
    """

    types: Mapping[str, Mapping[str, str]] = {}
    tokens: Tokens = Tokens()
    inputs: tuple[str | re.Pattern[str], ...] = ()
    outputs: tuple[str | re.Pattern[str], ...] = ()
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    format: str = ""
    marks: tuple[str, ...] = ()
    applies: Callable[[Attributes], bool] = lambda attributes: True


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_GENAI_TOKENS = Tokens(
    ("gen_ai.usage.input_tokens",),
    ("gen_ai.usage.output_tokens",),
    (),
    ("gen_ai.usage.cache_read.input_tokens",),
    ("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
)
_GENAI_MODELS = ("gen_ai.response.model", "gen_ai.request.model")

_OPEN_INFERENCE = Family(
    {
        "openinference.span.kind": _same(
            "TOOL",
            "CHAIN",
            "LLM",
            "RETRIEVER",
            "EMBEDDING",
            "AGENT",
            "RERANKER",
            "UNKNOWN",
            "GUARDRAIL",
            "EVALUATOR",
        )
    },
    Tokens(
        ("llm.token_count.prompt",),
        ("llm.token_count.completion",),
        ("llm.token_count.total",),
        ("llm.token_count.prompt_details.cache_read",),
        ("llm.token_count.prompt_details.cache_write",),
    ),
    ("input.value",),
    ("output.value",),
    ("llm.response.model_name", "llm.model_name", "llm.request.model_name", "embedding.model_name"),
    ("llm.provider",),
)
_GEMINI_CLI = Family(
    {"gen_ai.operation.name": {"llm_call": "LLM", "tool_call": "TOOL", "agent_call": "AGENT"}},
    _GENAI_TOKENS,
    ("gen_ai.input.messages",),
    ("gen_ai.output.messages",),
    _GENAI_MODELS,
    ("gen_ai.provider.name",),
    ("gen_ai.tool.definitions",),
    "gemini",
    ("gen_ai.agent.name",),
    applies=lambda attributes: attributes.get("gen_ai.agent.name") == "gemini-cli",
)
_GENAI = Family(
    {
        "gen_ai.operation.name": {
            "chat": "CHAT_MODEL",
            "create_agent": "AGENT",
            "embeddings": "EMBEDDING",
            "execute_tool": "TOOL",
            "generate_content": "LLM",
            "invoke_agent": "AGENT",
            "text_completion": "LLM",
            "response": "LLM",
        }
    },
    _GENAI_TOKENS,
    ("gen_ai.input.messages", "gen_ai.tool.call.arguments"),
    ("gen_ai.output.messages", "gen_ai.tool.call.result"),
    _GENAI_MODELS,
    ("gen_ai.provider.name",),
    ("gen_ai.tool.definitions",),
)
_TRACELOOP = Family(
    {
        "traceloop.span.kind": {
            "workflow": "WORKFLOW",
            "task": "TASK",
            "agent": "AGENT",
            "tool": "TOOL",
            "unknown": _UNKNOWN,
        }
    },
    Tokens(("gen_ai.usage.prompt_tokens",), ("gen_ai.usage.completion_tokens",), ("llm.usage.total_tokens",)),
    (
        "traceloop.entity.input",
        re.compile(r"gen_ai\.prompt\.\d+\.content"),
        re.compile(r"gen_ai\.completion\.\d+\.tool_calls\.\d+\.arguments"),
    ),
    ("traceloop.entity.output", re.compile(r"gen_ai\.completion\.\d+\.content")),
    providers=("gen_ai.system",),
)
_GOOGLE_ADK = Family(
    inputs=("gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"),
    outputs=("gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"),
)
_VERCEL = Family(
    {
        "ai.operationId": {
            **dict.fromkeys(
                (
                    "ai.generateText", "ai.generateText.doGenerate", "ai.streamText", "ai.streamText.doStream",
                    "ai.generateObject", "ai.generateObject.doGenerate", "ai.streamObject", "ai.streamObject.doStream",
                ),
                "LLM",
            ),
            **dict.fromkeys(("ai.embed", "ai.embed.doEmbed", "ai.embedMany"), "EMBEDDING"),
            "ai.toolCall": "TOOL",
        }
    },
    inputs=("ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"),
    outputs=("ai.response.text", "ai.toolCall.result", "ai.response.object", "ai.embedding", "ai.embeddings"),
)  # fmt: skip
_VOLTAGENT_TYPES = {"agent": "AGENT", "llm": "LLM", "tool": "TOOL", "memory": "MEMORY"}
_VOLTAGENT = Family(
    {"span.type": _VOLTAGENT_TYPES, "entity.type": _VOLTAGENT_TYPES},
    Tokens(
        ("usage.prompt_tokens", "llm.usage.prompt_tokens"),
        ("usage.completion_tokens", "llm.usage.completion_tokens"),
        ("usage.total_tokens", "llm.usage.total_tokens"),
    ),
    ("agent.messages", "llm.messages", "input"),
    ("output",),
    format="voltagent",
    marks=("voltagent.operation_id", "voltagent.conversation_id"),
)
_LIVEKIT = Family(
    tokens=_GENAI_TOKENS,
    inputs=("lk.user_input", "lk.user_transcript", "lk.chat_ctx", "lk.input_text"),
    outputs=("lk.response.text", "lk.response.function_calls"),
    models=_GENAI_MODELS,
    format="livekit",
    marks=("lk.agent_name", "lk.room_name", "lk.job_id", "lk.participant_identity"),
)
_LAMINAR = Family(
    {
        "lmnr.span.type": {
            "LLM": "LLM",
            "TOOL": "TOOL",
            "DEFAULT": "CHAIN",
            "PIPELINE": "CHAIN",
            "EXECUTOR": "AGENT",
            "EVALUATOR": "EVALUATOR",
            "HUMAN_EVALUATOR": "EVALUATOR",
            "EVALUATION": "EVALUATOR",
            "CACHED": "LLM",
        }
    },
    _GENAI_TOKENS,
    ("lmnr.span.input",),
    ("lmnr.span.output",),
    _GENAI_MODELS,
    ("gen_ai.system",),
    format="openai",
    marks=("lmnr.span.type",),
)
_LANGFUSE = Family(
    {
        "langfuse.observation.type": {
            "generation": "LLM",
            "embedding": "EMBEDDING",
            "tool": "TOOL",
            "retriever": "RETRIEVER",
            "agent": "AGENT",
            "chain": "CHAIN",
            "evaluator": "EVALUATOR",
            "guardrail": "GUARDRAIL",
            "span": _UNKNOWN,
        }
    },
    inputs=("langfuse.observation.input",),
    outputs=("langfuse.observation.output",),
)


def _is_claude(attributes: Attributes) -> bool:
    return str(attributes.get("span.type", "")).removeprefix("claude_code.") in _CLAUDE_TYPES


_CLAUDE_TYPES = {"interaction": "AGENT", "llm_request": "LLM", "tool": "TOOL"}
_CLAUDE_CODE = Family(
    {"span.type": _CLAUDE_TYPES | {f"claude_code.{name}": type_ for name, type_ in _CLAUDE_TYPES.items()}},
    Tokens(
        ("input_tokens",),
        ("output_tokens",),
        cache_read=("cache_read_tokens",),
        cache_write=("cache_creation_tokens",),
    ),
    ("user_prompt", "tool_input", "new_context", "full_command", "file_path"),
    ("response.model_output",),
    applies=_is_claude,
)

FAMILIES = (
    _OPEN_INFERENCE,
    _GEMINI_CLI,
    _CLAUDE_CODE,
    _GENAI,
    _TRACELOOP,
    _GOOGLE_ADK,
    _VERCEL,
    _VOLTAGENT,
    _LIVEKIT,
    _LAMINAR,
    _LANGFUSE,
)
_TOKEN_NAMES = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_REDACTED = "<REDACTED>"


def translated(attributes: dict[str, Any], events: Events) -> dict[str, Any]:
    """The attributes with what they mean in MLflow's own, which are never replaced."""
    if _is_own(attributes):
        return _with_model(attributes)
    families = [family for family in FAMILIES if family.applies(attributes)]
    found = dict(attributes)
    if found.get(TYPE) in (None, _UNKNOWN):
        _set(found, TYPE, _type(families, attributes), anew=True)
    _set(found, INPUTS, _content(families, attributes, "inputs") or _said(events, _ASKED))
    _set(found, OUTPUTS, _content(families, attributes, "outputs") or _said(events, _ANSWERED))
    _set(found, USAGE, _usage(families, attributes))
    _set(found, FORMAT, _format(families, attributes))
    _set(found, TOOLS, _first(families, attributes, "tools"))
    _set(found, MODEL, _first(families, attributes, "models"))
    _set(found, PROVIDER, _first(families, attributes, "providers"))
    return _with_model(found)


def _is_own(attributes: Attributes) -> bool:
    for key in attributes:  # noqa: SIM110 - a plain loop costs a third, and every span comes through here
        if not key.startswith(_OWN):
            return False
    return True


def _set(found: dict[str, Any], key: str, value: Any, *, anew: bool = False) -> None:
    if value and (anew or key not in found):
        found[key] = value


def _with_model(attributes: dict[str, Any]) -> dict[str, Any]:
    """The same with the model that inputs or outputs name, when no attribute does."""
    if MODEL not in attributes:
        for key in (INPUTS, OUTPUTS):
            content = attributes.get(key)
            if isinstance(content, dict) and isinstance(content.get("model"), str):
                return {**attributes, MODEL: content["model"]}
    return attributes


def _type(families: Sequence[Family], attributes: Attributes) -> str | None:
    for family in families:
        for key, types in family.types.items():
            said = attributes.get(key)
            if isinstance(said, str) and said in types:
                return types[said]
    return _livekit_type(attributes)


def _livekit_type(attributes: Attributes) -> str | None:
    """LiveKit's spans tell their type by what else they have."""
    own = [key for key in attributes if key.startswith("lk.")]
    if not own:
        return None
    if "gen_ai.request.model" in attributes or "lk.retry_count" in own:
        return "LLM"
    if any(key.startswith("lk.function_tool") for key in own):
        return "TOOL"
    return "AGENT" if {"lk.agent_name", "lk.instructions", "lk.generation_id"}.intersection(own) else None


def _content(families: Sequence[Family], attributes: Attributes, part: str) -> Any:
    for family in families:
        for name in getattr(family, part):
            for value in _values(attributes, name):
                if value and value != _REDACTED:
                    return _in_format(family, attributes, part, value)
    return _vercel_chat(attributes, "ai.prompt." if part == "inputs" else "ai.response.")


def _values(attributes: Attributes, name: str | re.Pattern[str]) -> Iterator[Any]:
    if isinstance(name, str):
        yield attributes.get(name)
    else:
        yield from (value for key, value in attributes.items() if name.match(key))


def _in_format(family: Family, attributes: Attributes, part: str, value: Any) -> Any:
    """Gemini's messages as its own client has them, which is how MLflow's pages show them."""
    if family is not _GEMINI_CLI or not isinstance(value, list | str):
        return value
    if part == "inputs":
        return {"contents": value}
    steps = [step.get("parts") for step in value if isinstance(step, dict)]
    parts = [piece for step in steps if isinstance(step, list) for piece in step]
    return {"candidates": [{"content": {"role": "model", "parts": parts}}]} if parts else value


def _vercel_chat(attributes: Attributes, prefix: str) -> dict[str, Any] | None:
    """Vercel's calls of a model spread messages and options over attributes."""
    if attributes.get("ai.operationId") not in ("ai.generateText.doGenerate", "ai.streamText.doStream"):
        return None
    found = {key.removeprefix(prefix): value for key, value in attributes.items() if key.startswith(prefix)}
    return found or None


def _first(families: Sequence[Family], attributes: Attributes, part: str) -> Any:
    for family in families:
        for name in getattr(family, part):
            if attributes.get(name):
                return attributes[name]
    return None


def _format(families: Sequence[Family], attributes: Attributes) -> str | None:
    if _vercel_chat(attributes, "ai."):
        return "vercel_ai"
    return next((each.format for each in families if any(mark in attributes for mark in each.marks)), None)


def _usage(families: Sequence[Family], attributes: Attributes) -> dict[str, int] | None:
    for family in families:
        counts = [_count(attributes, names) for names in family.tokens]
        given = dict(zip(_TOKEN_NAMES, counts, strict=True))
        if any(count is not None for count in counts[:3]):
            return _completed(family, given)
    return None


def _completed(family: Family, given: dict[str, int | None]) -> dict[str, int]:
    asked, answered = given["input_tokens"], given["output_tokens"]
    if family is _CLAUDE_CODE and asked is not None:
        # It counts what came from the cache apart.
        cached = (given["cache_read_input_tokens"], given["cache_creation_input_tokens"])
        asked = given["input_tokens"] = asked + sum(count or 0 for count in cached)
    if given["total_tokens"] is None and asked is not None and answered is not None:
        given["total_tokens"] = asked + answered
    return {name: count for name, count in given.items() if count is not None}


def _count(attributes: Attributes, names: Sequence[str]) -> int | None:
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value.isdecimal():
            return int(value[:18])
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


_ASKED = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
}
_ANSWERED = {"gen_ai.choice": "assistant"}
_WHOLE = {"gen_ai.content.prompt": "gen_ai.prompt", "gen_ai.content.completion": "gen_ai.completion"}


def _said(events: Events, roles: Mapping[str, str]) -> Any:
    """What events tell of messages, when attributes do not."""
    whole = "gen_ai.content.prompt" if roles is _ASKED else "gen_ai.content.completion"
    messages = []
    for event in events:
        name, attributes = event["name"], event["attributes"]
        if name == whole and attributes.get(_WHOLE[whole]):
            return attributes[_WHOLE[whole]]
        if name in roles and attributes.get("content"):
            messages.append({"role": attributes.get("role", roles[name]), "content": attributes["content"]})
    return messages
