"""Entities, lineage and tables as Rich drawings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lineal.catalog.values import Event
from lineal.client.wire import Neighbourhood
from lineal.graph.model import ACTIVE, DEFAULT_NAMESPACE, Entity, Label
from lineal.graph.query import Page

PARAM = "param."
"""Begins the keys of properties that are a run's parameters."""

_COLOURS = {
    "dataset": "cyan",
    "column": "bright_cyan",
    "feature_group": "cyan",
    "feature": "bright_cyan",
    "artifact": "blue",
    "model": "magenta",
    "model_version": "magenta",
    "logged_model": "magenta",
    "dashboard": "blue",
    "job": "green",
    "run": "green",
    "experiment": "yellow",
    "pipeline": "yellow",
    "project": "yellow",
}
_LONG = 100
_LONG_PATH = 20


def kind(name: str) -> Text:
    """A kind in its colour."""
    return Text(name, style=_COLOURS.get(name, "white"))


def title(entity: Entity) -> Text:
    """An entity's name and kind in one line, with its namespace and labels."""
    line = Text.assemble(_name(entity), " ", kind(entity.kind))
    if entity.namespace != DEFAULT_NAMESPACE:
        line.append(f" in {entity.namespace}", style="dim")
    if entity.labels:
        line.append(" ").append_text(_labels(entity))
    if entity.state != ACTIVE:
        line.append(f" {entity.state}", style="red")
    return line


def short_name(entity: Entity) -> str:
    """An entity's name; of a long path only the end."""
    return short(entity.name)


def short(name: str) -> str:
    """A name; of a long path only the end."""
    path, slash, last = name.rpartition("/")
    return f"…/{last}" if slash and last and len(path) > _LONG_PATH else name


def moment(at: int | None) -> str:
    """Milliseconds since the epoch as local time; nothing for None or 0."""
    return datetime.fromtimestamp(at / 1000).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A plain table; numbers stand at the right. Without any heading there is no line of them."""
    rows = [list(row) for row in rows]
    drawn = Table(box=None, header_style="bold", pad_edge=False, show_header=any(headings))
    for index, heading in enumerate(headings):
        numeric = any(row[index] != "" for row in rows) and all(
            isinstance(row[index], int | float) or row[index] == "" for row in rows
        )
        drawn.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(value) for value in row))
    return drawn


def page(found: Page) -> RenderableType:
    """What a search found."""
    if not found.entities:
        return Text("nothing found")
    rows = [
        [each.id, _name(each), kind(each.kind), each.namespace, _labels(each), each.owner or ""]
        for each in found.entities
    ]
    lines: list[RenderableType] = [table(["id", "name", "kind", "namespace", "labels", "owner"], rows)]
    if found.corrected:
        lines.insert(0, Text(f"searched for {found.corrected!r} instead"))
    if found.total is not None and found.total > len(found.entities):
        lines.append(Text(f"{found.total} in all; more with --limit", style="dim"))
    return Group(*lines)


def entity(found: Neighbourhood) -> RenderableType:
    """An entity with everything known of it."""
    it = found.entity
    sections: list[tuple[str, Sequence[Sequence[Any]]]] = [
        ("", _facts(it)),
        ("properties", sorted(it.properties.items())),
        ("metrics", [(key, _number(point.value)) for key, point in sorted(it.metrics.items())]),
        ("facets", [(name, _short(document)) for name, document in sorted(it.facets.items())]),
        ("addresses", [(each.protocol, each.id) for each in it.external]),
        ("relations", _relations(found)),
    ]
    lines: list[RenderableType] = [title(it)]
    for heading, rows in sections:
        if rows:
            lines += (
                [Text(heading, style="bold"), table(["", ""], rows)] if heading else [table(["", ""], rows)]
            )
    return Group(*lines)


def runs(found: Sequence[Entity], metrics: Sequence[str], params: Sequence[str]) -> RenderableType:
    """Runs, one a line, with these metrics and parameters."""
    if not found:
        return Text("no runs")
    rows = [
        [
            run.id,
            run.name,
            moment(run.started),
            *(run.metrics[key].value if key in run.metrics else "" for key in metrics),
            *(run.properties.get(PARAM + key, "") for key in params),
        ]
        for run in found
    ]
    return table(["id", "run", "started", *metrics, *params], rows)


def events(history: Sequence[Event]) -> RenderableType:
    """Entries of a history, one a line."""
    rows = [
        [moment(each.at), each.principal, each.door, each.action, short(each.name), _changed(each)]
        for each in history
    ]
    return table(["when", "who", "through", "what", "of", "values"], rows)


def _facts(it: Entity) -> list[tuple[str, Any]]:
    facts = [
        ("name", it.name if it.name != short_name(it) else ""),
        ("id", it.id),
        ("uuid", it.uuid),
        ("owner", it.owner),
        ("created", moment(it.created)),
        ("updated", moment(it.updated)),
        ("started", moment(it.started)),
        ("ended", moment(it.ended)),
    ]
    return [(name, value) for name, value in facts if value]


def _relations(found: Neighbourhood) -> list[tuple[Text, Text]]:
    near = {each.id: each for each in found.neighbours}
    rows = []
    for edge in found.edges:
        outward = edge.source == found.entity.id
        other = near.get(edge.target if outward else edge.source)
        if other is not None:
            rows.append((Text(f"{edge.kind} {'→' if outward else '←'}"), title(other)))
    return rows


def _name(entity: Entity) -> Text:
    return Text(short_name(entity), style=f"bold {_COLOURS.get(entity.kind, 'white')}")


def _labels(entity: Entity) -> Text:
    """What was put on the entity itself with #, what flowed to it with ↳; each once."""
    drawn = {label.name: _label(label) for label in sorted(entity.labels, key=lambda each: each.via is None)}
    return Text(" ").join(drawn[name] for name in sorted(drawn))


def _label(label: Label) -> Text:
    inherited = label.via is not None
    return Text(
        f"{'↳' if inherited else '#'}{label.name}", style="red" if label.category == "classification" else ""
    )


def _changed(event: Event) -> str:
    return ", ".join(
        _change(key, event.before.get(key), value) for key, value in event.after.items() if value
    )


def _change(key: str, before: Any, after: Any) -> str:
    """What became of one value; of a nested one only the keys that differ."""
    if isinstance(after, dict):
        former = before if isinstance(before, dict) else {}
        differing = [name for name, value in after.items() if former.get(name) != value]
        return f"{key}: " + ", ".join(_short(name) for name in differing)
    if before is None:
        return f"{key}: {_short(after)}"
    return f"{key}: {_short(before)} → {_short(after)}"


def _cell(value: Any) -> RenderableType:
    if isinstance(value, Text):
        return value
    return Text(_number(value) if isinstance(value, float) else _short(value))


def _number(value: float) -> str:
    return f"{value:.6g}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"
