"""What the small files beside a model tell: its signature and the environment it needs.

MLflow writes them as YAML of a fixed form, of which only a few entries matter here; so they are picked out line
by line instead of loading a YAML parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

LARGEST = 256 * 1024
"""Bytes of a file beyond which it is not looked into."""
FILES = ("MLmodel", "requirements.txt", "python_env.yaml", "conda.yaml")

_SIGNATURE = re.compile(r"^signature:\n((?:[ ].*\n?|\n)+)", re.MULTILINE)
_ENTRY = r"^  {key}: *('(?:[^']|'')*'|[^'\n]*)$"
_FOLD = re.compile(r"[ ]*\n[ ]*")
_PYTHON = re.compile(r"^python: *['\"]?([\w.]+)", re.MULTILINE)
_CONDA_PYTHON = re.compile(r"^- python=+([\w.]+)", re.MULTILINE)
_CONDA_PIP = re.compile(r"^- pip:\n((?:[ ]+- .*\n?)+)", re.MULTILINE)


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
    except (msgspec.DecodeError, RecursionError):
        return None


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
