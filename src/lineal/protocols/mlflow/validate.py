"""MLflow's limits, and what it does when one is passed: refuse, or silently cut."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote, urlparse

from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.wire import DatasetInput, LogBatch, Pair

MOST_METRICS = 1000
MOST_PAIRS = 100
MOST_IN_BATCH = 1000
MOST_DATASETS = 1000
LONGEST_KEY = 250
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
LONGEST_EXPERIMENT_NAME = 500
LONGEST_EXPERIMENT_TAG = 20_000
MOST_FOUND = 50_000
LONGEST_PATH = 4000
LONGEST_LOCATION = 2048
MOST_LAYERS = 10

_KEY = re.compile(r"[/\w.\- :]*")
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,255}")
_NOT_RELATIVE = re.compile(r"/|[A-Za-z]:[/\\]|file:", re.IGNORECASE)
_NOT_IN_PATHS = re.compile(r"[\x00-\x1f#\\]")
_OF_SERVERS = {"http", "https", "mlflow-artifacts"}
_WHOLE = re.compile(r"-?\d{1,18}")
_NOT_IN_MODEL_NAMES = ("/", ":", ".", "%", '"', "'")
_CHARACTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:)"
    " and slashes (/)."
)
_DATASET_LIMITS = {"name": 500, "digest": 36, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}


def key(name: str, path: str = "key") -> None:
    """Hold the name of a metric, parameter or tag against MLflow's alphabet and length."""
    problem = _key_problem(name)
    if problem:
        raise invalid(problem.format(path=path, shown=_shown(name)))


@lru_cache(maxsize=65_536)
def _key_problem(name: str) -> str:
    """What is wrong with a key; remembered, since runs log the same few keys over and over."""
    if not _KEY.fullmatch(name):
        return "Invalid value {shown} for parameter '{path}' supplied: " + _CHARACTERS
    norm = posixpath.normpath(name)
    if norm != name or norm == "." or norm.startswith(("..", "/")):
        resolved = norm.replace("{", "{{").replace("}", "}}")
        return (
            "Invalid value {shown} for parameter '{path}' supplied: Names may be treated as files in certain cases,"
            f" and must not resolve to other names when treated as such. This name would resolve to {resolved!r}"
        )
    if len(name) > LONGEST_KEY:
        return "'{path}' exceeds the maximum length of " + f"{LONGEST_KEY} characters"
    return ""


def keys(names: Sequence[str], path: str, part: str = "key") -> None:
    """Hold the keys of a batch, each once."""
    for name in set(names):
        if _key_problem(name):
            key(name, f"{path}[{names.index(name)}].{part}")


def params(pairs: Sequence[Pair]) -> dict[str, str]:
    """Parameters by key, long values cut.

    Raises:
        Refused: a key is ill-formed or comes twice.
    """
    keys([pair.key for pair in pairs], "params")
    found = {pair.key: pair.value[:LONGEST_PARAM] for pair in pairs}
    if len(found) < len(pairs):
        names = [pair.key for pair in pairs]
        twice = sorted({name for name in found if names.count(name) > 1})
        raise invalid(
            f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one"
            " param value per param key."
        )
    return found


def tags(pairs: Sequence[Pair]) -> dict[str, str]:
    """Tags by key, long values cut; of a key that comes twice the last counts."""
    keys([pair.key for pair in pairs], "tags")
    return {pair.key: pair.value[:LONGEST_TAG] for pair in pairs}


def experiment_tags(pairs: Sequence[Pair]) -> dict[str, str]:
    """Tags of an experiment, whose long values are refused."""
    for pair in pairs:
        key(pair.key)
        length("value", pair.value, LONGEST_EXPERIMENT_TAG)
    return {pair.key: pair.value for pair in pairs}


def batch(message: LogBatch) -> None:
    """Refuse a batch that is too large, before anything of it is stored."""
    sizes = {"metrics": len(message.metrics), "params": len(message.params), "tags": len(message.tags)}
    limits = {"metrics": MOST_METRICS, "params": MOST_PAIRS, "tags": MOST_PAIRS}
    for name, size in sizes.items():
        _batch_size(name, size, limits[name])
    _batch_size("metrics, params, and tags", sum(sizes.values()), MOST_IN_BATCH)


def _batch_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise invalid(
            f"A batch logging request can contain at most {limit} {name}. Got {size} {name}. Please split up {name}"
            " across multiple requests and try again."
        )


def run_id(text: str) -> None:
    """Refuse what cannot be the id of a run."""
    if not _RUN_ID.fullmatch(text):
        raise invalid(f"Invalid value {_shown(text)} for parameter 'run_id' supplied.")


def experiment_id(text: str) -> str:
    """The id without needless zeros; MLflow's are whole numbers."""
    if not _WHOLE.fullmatch(text.strip()):
        raise invalid(f"Invalid experiment ID '{text[:100]}'. Experiment ID must be a valid integer.")
    return str(int(text))


def experiment_name(name: str) -> None:
    """Refuse a blank or overlong name."""
    if not name.strip():
        raise invalid(f"Invalid experiment name: '{name}'")
    length("name", name, LONGEST_EXPERIMENT_NAME)


def model_name(name: str | None) -> None:
    """Refuse a name of a logged model that would not fit in a URL or a path."""
    if name is not None and (not name or any(each in name for each in _NOT_IN_MODEL_NAMES)):
        raise invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain the"
            f" following characters: {_NOT_IN_MODEL_NAMES}"
        )


def datasets(inputs: Sequence[DatasetInput]) -> None:
    """Refuse overlong parts of dataset inputs, and too many of them."""
    _batch_size("datasets", len(inputs), MOST_DATASETS)
    for each in inputs:
        for part, limit in _DATASET_LIMITS.items():
            length(part, getattr(each.dataset, part) or "", limit)
        for tag in each.tags:
            length("key", tag.key, 255)
            length("value", tag.value, 500)


def length(name: str, value: str, limit: int) -> None:
    """Refuse what is too long."""
    if len(value) > limit:
        raise invalid(f"'{name}' exceeds the maximum length of {limit} characters")


def page(size: int) -> int:
    """The number of results asked for; Refused unless it is positive and not too large."""
    if size < 1:
        raise invalid(
            f"Invalid value {size} for parameter 'max_results' supplied. It must be a positive integer"
        )
    if size > MOST_FOUND:
        raise invalid(
            f"Invalid value {size} for parameter 'max_results' supplied. It must be at most {MOST_FOUND}"
        )
    return size


def path(text: str) -> str:
    """A relative path of an artifact, with nothing in it that could lead elsewhere, however encoded."""
    plain = _decoded(text)
    if ".." in plain.split("/") or _NOT_RELATIVE.match(plain) or _NOT_IN_PATHS.search(plain):
        raise invalid("Invalid path")
    return posixpath.normpath(text) if text not in ("", ".") else ""


def artifact_location(location: str, own: str) -> None:
    """Refuse a place for artifacts with tricks in it, or one to which clients would send their credentials.

    Args:
        location: as a client gave it.
        own: URL of this server, if it was told; the only one that a location may name by its host.
    """
    if len(location) > LONGEST_LOCATION:
        raise invalid(
            "Invalid artifact path length. The length of the artifact path cannot be greater than"
            f" {LONGEST_LOCATION} characters."
        )
    try:
        parts = urlparse(location)
    except ValueError:
        raise invalid("'artifact_location' is not a valid URL.") from None
    if parts.fragment or parts.params or location.endswith("#"):
        raise invalid("'artifact_location' URL can't include fragments or params.")
    if ".." in _decoded(parts.query):
        raise invalid("Invalid query string")
    if parts.scheme == "runs":
        raise invalid(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
    own_host(location, own, "artifact_location")


def own_host(uri: str, own: str, field: str) -> None:
    """Refuse a URI by which clients would send their credentials to another server than this one.

    Args:
        uri: as a client gave it.
        own: URL of this server, if it was told.
        field: what the URI was given for.
    """
    try:
        parts = urlparse(uri)
    except ValueError:
        raise invalid(f"'{field}' is not a valid URL: {uri!r}.") from None
    if parts.scheme in _OF_SERVERS and parts.netloc and parts.netloc.lower() != urlparse(own).netloc.lower():
        raise invalid(
            f"'{field}' cannot use the '{parts.scheme}' scheme with a host other than this server's: clients would send"
            " their credentials there. Name the storage behind it instead, such as s3://bucket/path."
        )


def _decoded(text: str) -> str:
    """The text with every layer of percent-encoding taken off."""
    if len(text) > LONGEST_PATH:
        raise invalid("Invalid path")
    for _ in range(MOST_LAYERS):
        decoded = unquote(text)
        if decoded == text:
            return text
        text = decoded
    raise invalid("Invalid path")


def _shown(value: str) -> str:
    return json.dumps(value[: LONGEST_KEY * 2])
