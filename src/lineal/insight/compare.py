"""Differences between two of a kind: schemas, statistics, parameters, and the like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from lineal.graph.openlineage import FieldPath, fields_of
from lineal.insight.values import Changed

_ALIKE = 0.6


def mappings(
    area: str, before: Mapping[str, Any], after: Mapping[str, Any], **more: Any
) -> Iterator[Changed]:
    """What was added, dropped and changed between two mappings, by name."""
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old != new:
            how = "added" if old is None else "dropped" if new is None else "changed"
            yield Changed(area, key, how, old, new, **more)  # type: ignore[arg-type]


def schemas(before: Any, after: Any, **more: Any) -> Iterator[Changed]:
    """Columns that were retyped, that may have been renamed, that were dropped and added.

    A column that is gone and one that came are taken for one that was renamed when their types are the same and
    either their names are alike or they stand at the same place.
    """
    old = {each.path: each for each in fields_of(before)}
    new = {each.path: each for each in fields_of(after)}
    for path in [path for path in old if path in new and old[path].type != new[path].type]:
        yield Changed("schema", path, "retyped", old[path].type, new[path].type, **more)
    dropped = [each for path, each in old.items() if path not in new]
    added = [each for path, each in new.items() if path not in old]
    renamed = _renamed(dropped, added)
    for was, now in renamed.items():
        yield Changed("schema", now, "renamed", was, now, **more)
    for field in dropped:
        if field.path not in renamed:
            yield Changed("schema", field.path, "dropped", field.type, None, **more)
    for field in added:
        if field.path not in renamed.values():
            yield Changed("schema", field.path, "added", None, field.type, **more)


def _renamed(dropped: Sequence[FieldPath], added: Sequence[FieldPath]) -> dict[str, str]:
    """New names by old ones, the most alike first; no name twice."""
    pairs = sorted(
        ((_likeness(old, new), old.path, new.path) for old in dropped for new in added), reverse=True
    )
    found: dict[str, str] = {}
    for likeness, old, new in pairs:
        if likeness >= _ALIKE and old not in found and new not in found.values():
            found[old] = new
    return found


def _likeness(old: FieldPath, new: FieldPath) -> float:
    if (old.type or "").lower() != (new.type or "").lower():
        return 0.0
    alike = SequenceMatcher(None, old.path.lower(), new.path.lower()).ratio()
    return max(alike, _ALIKE) if old.position == new.position else alike


def statistics(before: Any, after: Any, **more: Any) -> Iterator[Changed]:
    """Figures of the whole and of each column that differ."""
    yield from mappings("statistics", _figures(before), _figures(after), **more)


def _figures(document: Any) -> dict[str, Any]:
    told = document if isinstance(document, dict) else {}
    found = {key: told[key] for key in ("row_count", "bytes") if told.get(key) is not None}
    columns = told.get("columns")
    for column, figures in (columns if isinstance(columns, dict) else {}).items():
        for key, value in (figures if isinstance(figures, dict) else {}).items():
            if value is not None and not isinstance(value, dict):
                found[f"{column}.{key}"] = value
    return found
