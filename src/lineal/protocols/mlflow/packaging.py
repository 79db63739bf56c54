"""What the small files beside a model tell: its signature, an example of its input, the environment it needs.

MLflow writes them as YAML of a fixed form, of which only a few entries matter here; so they are picked out line
by line instead of loading a YAML parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lineal.graph.errors import NOT_JSON

LARGEST = 256 * 1024
"""Bytes of a file beyond which it is not looked into."""
_MLMODEL, _EXAMPLE = "MLmodel", "input_example.json"
FILES = (_MLMODEL, "requirements.txt", "python_env.yaml", "conda.yaml", _EXAMPLE)

_SIGNATURE = re.compile(r"^signature:\n((?:[ ].*\n?|\n)+)", re.MULTILINE)
_ENTRY = r"^  {key}: *('(?:[^']|'')*'|[^'\n]*)$"
_EXAMPLE_INFO = re.compile(r"^saved_input_example_info:\n((?:[ ]{2}\w+: .*\n)+)", re.MULTILINE)
_FILE_NAME = re.compile(r"[\w.\-]{1,255}")
_FOLD = re.compile(r"[ ]*\n[ ]*")
_PYTHON = re.compile(r"^python: *['\"]?([\w.]+)", re.MULTILINE)
_CONDA_PYTHON = re.compile(r"^- python=+([\w.]+)", re.MULTILINE)
_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "long",
    float: "double",
    str: "string",
    list: "array",
    dict: "object",
}
_CONDA_PIP = re.compile(r"^- pip:\n((?:[ ]+- .*\n?)+)", re.MULTILINE)


def described(files: Mapping[str, str]) -> dict[str, dict[str, Any] | None]:
    """Facets of a model by name, as its files tell them; None for one of which they tell nothing.

    Args:
        files: texts by name, of those that are there.
    """
    signed = signature(files.get(_MLMODEL, ""))
    return {
        "signature": signed,
        "input_example": input_example(files, signed or {}),
        "environment": environment(files),
    }


def signature(mlmodel: str) -> dict[str, Any] | None:
    """The facet `signature` from an MLmodel file: `inputs`, `outputs` and `params`, each a list of fields."""
    block = _SIGNATURE.search(mlmodel)
    if block is None:
        return None
    parts = {key: _entry(block[1], key) for key in ("inputs", "outputs", "params")}
    return {key: value for key, value in parts.items() if value is not None} or None


def _entry(block: str, key: str) -> Any:
    """An entry whose text is JSON, put in single quotes and folded over lines by YAML."""
    match = re.search(_ENTRY.format(key=key), block, re.MULTILINE)
    if match is None:
        return None
    written = match[1].removeprefix("'").removesuffix("'").replace("''", "'")
    try:
        return msgspec.json.decode(_FOLD.sub(" ", written))
    except NOT_JSON:
        return None


def input_example(files: Mapping[str, str], signed: Mapping[str, Any]) -> dict[str, Any] | None:
    """The facet `input_example`: `path` and `type` of the file, `fields` with name and type, `rows`. No values.

    Args:
        files: texts by name, of those that are there.
        signed: the model's signature, which knows the types best.
    """
    block = _EXAMPLE_INFO.search(files.get(_MLMODEL, ""))
    if block is None:
        return None
    told = dict(line.strip().split(": ", 1) for line in block[1].splitlines())
    path, example = told.get("artifact_path", "").strip("'\""), _example(files, told)
    found: dict[str, Any] = {"path": path} if _FILE_NAME.fullmatch(path) else {}
    if kind := told.get("type", "").strip("'\""):
        found["type"] = kind
    if fields := _fields(signed.get("inputs")) or _columns(example):
        found["fields"] = fields
    if (rows := _rows(example)) is not None:
        found["rows"] = rows
    return found


def _example(files: Mapping[str, str], told: Mapping[str, str]) -> Any:
    """The example itself, without the parameters that may go with it; None when it cannot be read."""
    try:
        example = msgspec.json.decode(files.get(_EXAMPLE, ""))
    except NOT_JSON:
        return None
    wrapped = "params" in told and isinstance(example, dict) and "inputs" in example
    return example["inputs"] if wrapped else example


def _fields(inputs: Any) -> list[dict[str, str]]:
    """Names and types out of a signature."""
    fields = [each for each in inputs if isinstance(each, dict)] if isinstance(inputs, list) else []
    return [
        {"name": str(each.get("name", number)), "type": str(each.get("type"))}
        for number, each in enumerate(fields)
    ]


def _columns(example: Any) -> list[dict[str, str]]:
    """Names and types out of a data frame or an object, as far as its first row tells them."""
    if not isinstance(example, dict):
        return []
    names, data = example.get("columns"), example.get("data")
    if isinstance(names, list) and isinstance(data, list):
        first = data[0] if data and isinstance(data[0], list) else []
        example = dict(zip(map(str, names), [*first, *[None] * len(names)], strict=False))
    return [{"name": name, "type": _TYPES.get(type(value), "any")} for name, value in example.items()]


def _rows(example: Any) -> int | None:
    """How many rows there are; one for an object that is no table, None when there is no telling."""
    if isinstance(example, list):
        return len(example)
    if not isinstance(example, dict):
        return None
    data = example.get("data")
    if isinstance(data, list) and "columns" in example:
        return len(data)
    lengths = {len(value) for value in example.values() if isinstance(value, list)}
    return (
        lengths.pop() if len(lengths) == 1 and all(isinstance(each, list) for each in example.values()) else 1
    )


def environment(files: Mapping[str, str]) -> dict[str, Any] | None:
    """The facet `environment`: the version of `python`, and `requirements` as pip takes them.

    Args:
        files: texts by name, of those that are there.
    """
    conda = files.get("conda.yaml", "")
    python = _PYTHON.search(files.get("python_env.yaml", "")) or _CONDA_PYTHON.search(conda)
    requirements = (
        _lines(files["requirements.txt"]) if "requirements.txt" in files else _conda_requirements(conda)
    )
    found: dict[str, Any] = {"python": python[1]} if python else {}
    if requirements:
        found["requirements"] = requirements
    return found or None


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _conda_requirements(text: str) -> list[str]:
    block = _CONDA_PIP.search(text)
    return [line.removeprefix("- ") for line in _lines(block[1])] if block else []
