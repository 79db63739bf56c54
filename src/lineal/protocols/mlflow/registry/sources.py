"""Where a version comes from: what its source means, and which sources are refused.

A source is a URI. `models:/NAME/VERSION` copies a version, `models:/ID` registers a logged model, `runs:/ID/PATH` and
`mlflow-artifacts:` lead to artifacts that this server keeps and must belong to the run or the logged model that is
named beside them; so must local paths. What clients would ask with their credentials is no other server than this one.
Everything else is kept as it is: nothing is ever fetched from there.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
from typing import NamedTuple, NoReturn
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from lineal.catalog.session import Session
from lineal.graph.mlflow.names import model_id, model_ref
from lineal.graph.mlflow.registry import is_prompt, number_of, stage_of, version_name
from lineal.graph.model import Entity
from lineal.protocols.mlflow import experiments, runs
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid, missing
from lineal.protocols.mlflow.registry import aliases, latest, validate, wire
from lineal.protocols.mlflow.registry.lookup import Registry
from lineal.protocols.mlflow.registry.translate import download_uri
from lineal.protocols.mlflow.translate import DEFAULT_ROOT, location, model_location

PROMPT_SOURCES = ("dummy-source", "prompt-template")
"""What stands in the place of a prompt's source, which it has none of."""

_MOST_LAYERS = 10
_ROUTE = "/api/2.0/mlflow-artifacts/artifacts/"
_OF_RUN, _OF_MODEL = "run_id", "model_id"


class Origin(NamedTuple):
    """What a version was made from.

    Attributes:
        source: as MLflow shows it.
        location: where the artifacts are.
        version: of which it is a copy.
        model: the logged model that it registers.
        run: by which it was made, if there is one to see.
    """

    source: str
    run_id: str = ""
    model_id: str = ""
    location: str = ""
    version: Entity | None = None
    model: Entity | None = None
    run: Entity | None = None


class _Named(NamedTuple):
    """What a `models:` URI names: a logged model, or a version of a model by number, stage, alias or `latest`."""

    model_id: str = ""
    name: str = ""
    version: str = ""
    stage: str = ""
    alias: str = ""


def resolve(registry: Registry, message: wire.CreateVersion) -> Origin:
    """What a version is to be made from; Refused when it may not be."""
    if is_prompt({f"tag.{tag.key}": tag.value for tag in message.tags}):
        if message.source not in PROMPT_SOURCES:
            raise invalid(
                f"Invalid prompt source: '{message.source}'. Prompt sources must use an MLflow placeholder."
            )
        return Origin(message.source, message.run_id or "", location=message.source)
    named = _named(message.source)
    if named is not None and not named.model_id:
        return _with_run(registry.session, _copy(registry, message, named))
    origin = Origin(message.source, message.run_id or "", message.model_id or "", location=message.source)
    _check(registry.session, origin)
    return _with_run(registry.session, _with_model(registry.session, origin, named))


# Copies of versions


def _named(source: str) -> _Named | None:
    """What a `models:` URI names, None for another; Refused when it is ill-formed."""
    uri = _split(source)
    if uri.scheme != "models":
        return None
    if uri.netloc:
        raise invalid(
            f"Invalid model version source: '{source}'. Registered model sources must use the active model registry."
        )
    found = _read(source.partition(":")[2])
    if found is None:
        _mismatch(source, _OF_MODEL)
    return found


def _read(path: str) -> _Named | None:
    first, *others = path.lstrip("/").split("/")
    if not path.startswith("/") or not first.strip() or len(others) > 1:
        return None
    if others:
        return _suffixed(first, others[0])
    if "@" in first:
        name, _, alias = first.rpartition("@")
        return _Named(name=name, alias=alias) if alias.strip() else None
    return _Named(first)


def _suffixed(name: str, suffix: str) -> _Named | None:
    if not suffix.strip():
        return None
    if suffix.isdigit():
        return _Named(name=name, version=suffix)
    return (
        _Named(name=name, alias="latest") if suffix.lower() == "latest" else _Named(name=name, stage=suffix)
    )


def _copy(registry: Registry, message: wire.CreateVersion, named: _Named) -> Origin:
    model = registry.model(named.name)
    if is_prompt(model.properties):
        raise invalid(
            f"Invalid model version source: '{message.source}'. Prompt versions cannot be used as model version"
            " sources."
        )
    version = _version_of(registry, model, named)
    run = str(version.properties.get("run_id") or "")
    if message.run_id not in (None, run) or message.model_id not in (None, ""):
        raise invalid(
            f"Invalid model version source: '{message.source}'. The run_id and model_id request parameters must match"
            " the referenced model version."
        )
    source = f"models:/{version_name(model.name, number_of(version))}"
    return Origin(source, run, location=download_uri(version), version=version)


def _version_of(registry: Registry, model: Entity, named: _Named) -> Entity:
    if named.version:
        return registry.version(named.name, named.version).version
    if named.alias:
        return aliases.follow(registry, model, validate.alias(named.alias))
    stage = validate.stage(named.stage)
    for each in latest.of(registry.session, [model])[model.id]:
        if stage_of(each) == stage:
            return each
    raise Refused(MISSING, f"No versions of model with name '{model.name}' and stage '{named.stage}' found")


# Logged models and runs


def _with_model(session: Session, origin: Origin, named: _Named | None) -> Origin:
    """With the logged model that is registered, which knows its run."""
    if not origin.model_id:
        return origin
    model = _logged_model(session, origin.model_id)
    run = origin.run_id or str(model.properties.get("source_run_id") or "")
    where = _model_root(session, model) if named is not None else origin.location
    return origin._replace(run_id=run, location=where, model=model)


def _logged_model(session: Session, number: str) -> Entity:
    found = session.look_up(model_ref(number), ("properties", "external"), active=True)
    if found is None:
        raise missing("logged_model", number)
    return found


def _model_root(session: Session, model: Entity) -> str:
    """Where the artifacts of a logged model are."""
    own = model.properties.get("artifact_uri")
    home = experiments.experiments_of(session, [model]).get(model.home or 0)
    root = location(home) if home else f"{DEFAULT_ROOT}/{model.home}"
    return str(own) if own else model_location(root, model_id(model))


def _with_run(session: Session, origin: Origin) -> Origin:
    """With the run, which may be one that this server does not know."""
    with contextlib.suppress(Refused):
        return origin._replace(run=runs.find_run(session, origin.run_id)) if origin.run_id else origin
    return origin


# What is refused


def _check(session: Session, origin: Origin) -> None:
    """Refuse a source that leads to what does not belong to the run or the logged model."""
    uri, owner = _split(origin.source), _OF_MODEL if origin.model_id else _OF_RUN
    if _is_local(uri, origin.source):
        _check_local(session, origin, owner)
        return
    _refuse_detours(origin.source)
    if uri.scheme == "runs":
        run = uri.path.split("/")[1]
        if uri.netloc or owner != _OF_RUN or run != origin.run_id:
            _mismatch(origin.source, owner)
    elif uri.scheme == "models":
        named = _named(origin.source)
        if named is None or named.model_id != origin.model_id:
            _mismatch(origin.source, _OF_MODEL)
    elif _is_served(uri):
        root = _root_of_owner(session, origin)
        if root is None or not _is_within(origin.source, root):
            _mismatch(origin.source, owner)


def _check_local(session: Session, origin: Origin, owner: str) -> None:
    root = _root_of_owner(session, origin)
    if root is None and (origin.model_id or origin.run_id):
        _mismatch(origin.source, owner)
    if root is None or not _is_local(_split(root), root) or not _is_below(origin.source, root):
        raise invalid(
            f"Invalid model version source: '{origin.source}'. To use a local path as a model version source, the"
            f" {owner} request parameter has to be specified and the local path has to be contained within the"
            f" artifact directory of the run specified by the {owner}."
        )


def _root_of_owner(session: Session, origin: Origin) -> str | None:
    """Where the artifacts of the logged model or the run are; None when there is none to see."""
    with contextlib.suppress(Refused):
        if origin.model_id:
            return _model_root(session, _logged_model(session, origin.model_id))
        if origin.run_id:
            return runs.info(session, runs.find_run(session, origin.run_id)).artifact_uri
    return None


def _mismatch(source: str, parameter: str) -> NoReturn:
    raise invalid(
        f"Invalid model version source: '{source}'. The {parameter} request parameter must identify the resource that"
        " contains the source."
    )


def _refuse_detours(source: str) -> None:
    """Refuse a path that is not absolute, or not the shortest of its kind, however encoded."""
    plain = source
    for _ in range(_MOST_LAYERS):
        decoded = unquote_plus(plain)
        if decoded == plain:
            break
        plain = decoded
    path = re.sub(r"/+", "/", _split(plain).path.rstrip("/"))
    if (
        ".." in plain.split("/")
        or "\x00" in path
        or not path.startswith("/")
        or posixpath.normpath(path) != path
    ):
        raise invalid(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp,"
            " objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references"
            " present. Please provide an absolute path."
        )


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        raise invalid(f"Invalid model version source: '{uri}'. It is no URI.") from None


def _is_local(uri: SplitResult, text: str) -> bool:
    """Whether a URI leads to a file system; Refused when it is one of another machine."""
    if uri.scheme != "file":
        return uri.scheme == ""
    if uri.hostname not in (None, "", ".", "localhost", "127.0.0.1"):
        raise invalid(f"{text} is not a valid remote uri.")
    return True


def _is_served(uri: SplitResult) -> bool:
    """Whether artifacts are kept by this server, or are by one like it."""
    proxied = uri.scheme in ("http", "https") and _ROUTE in f"{unquote(uri.path)}/"
    return uri.scheme == "mlflow-artifacts" or proxied


def _is_within(source: str, root: str) -> bool:
    inner, outer = _split(source), _split(root)
    if (inner.scheme, inner.netloc.lower()) != (outer.scheme, outer.netloc.lower()):
        return False
    below = _parts(outer.path)
    return bool(below) and _parts(inner.path)[: len(below)] == below


def _parts(path: str) -> list[str]:
    return [unquote(part) for part in path.split("/") if part]


def _is_below(source: str, root: str) -> bool:
    paths = [posixpath.normpath(unquote(_split(each).path)) for each in (source, root)]
    return paths[0] == paths[1] or paths[0].startswith(paths[1].rstrip("/") + "/")
