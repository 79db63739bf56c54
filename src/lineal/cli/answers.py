"""What the questions about lineage are answered with, as Rich drawings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from lineal.cli.draw import moment, short_name, table, title
from lineal.graph.model import Entity
from lineal.insight.values import (
    Cause,
    Changed,
    Code,
    DataVersion,
    Difference,
    Freshness,
    MadeBy,
    Origin,
    Reach,
    Step,
    Suspect,
    Tie,
    Trained,
    TrainedModels,
    UnfreshData,
    Versions,
    Way,
)

_NUMBER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_END = 6
_HIDDEN = "something you may not see"
_LONG = 60
_SHORT_COMMIT = 10
_CUT = "cut: there is more behind it; ask about something nearer"


class Names:
    """Names of the entities that an answer speaks of."""

    def __init__(self, nodes: Iterable[Entity]) -> None:
        self._nodes = {each.id: each for each in nodes}

    def text(self, number: int) -> str:
        """A short name, or that it may not be seen."""
        found = self._nodes.get(number)
        return short_name(self._spoken(found)) if found else _HIDDEN

    def title(self, number: int) -> Text:
        """The same with kind, place and labels."""
        found = self._nodes.get(number)
        return title(self._spoken(found)) if found else Text(_HIDDEN, style="dim italic")

    def _spoken(self, entity: Entity) -> Entity:
        """A run that has no name but a long number is called by its job and the end of the number."""
        job = self._nodes.get(entity.home or 0)
        if job is None or _NUMBER.fullmatch(entity.name) is None:
            return entity
        return msgspec.structs.replace(entity, name=f"{job.name} …{entity.name[-_END:]}")

    def way(self, path: Sequence[int]) -> str:
        """Names along a way."""
        return " → ".join(self.text(each) for each in path)


def upstream(found: Reach) -> RenderableType:
    """What feeds something: a branch for each sort and tool."""
    names = Names(found.nodes)
    root = Tree(names.title(found.start))
    ties = sorted(found.ties, key=lambda tie: (tie.group, tie.tool))
    shown = {key: list(some) for key, some in groupby(ties, key=lambda tie: (tie.group, tie.tool))}
    for group in found.groups:
        place = f" · {group.tool}" if group.tool else ""
        branch = root.add(Text(f"{_counted(group.count, group.group)}{place}", style="bold"))
        for tie in sorted(shown.get((group.group, group.tool), []), key=lambda each: each.distance):
            branch.add(Text.assemble(names.title(tie.id), (_marks(tie), "dim")))
    return Group(root, *_ends(found)) if found.groups else Text("nothing is known that feeds it")


def _counted(count: int, group: str) -> str:
    """So many of a sort, in words."""
    if count != 1 or group == "hidden":
        return f"{count} {group}"
    ending = "es" if group.endswith("aliases") else "s"
    return f"1 {group.removesuffix(ending)}"


def _marks(tie: Tie) -> str:
    marks: list[str] = [tie.how] if tie.how != "direct" else []
    marks += [] if tie.certain else ["perhaps"]
    return f"  ({', '.join(marks)})" if marks else ""


def impact(found: Reach) -> RenderableType:
    """What breaks, the worst first, with the way there, and whom to tell."""
    if not found.groups:
        return Text("nothing is known that hangs on it")
    names = Names(found.nodes)
    rows = [
        [
            names.text(tie.id),
            tie.group,
            tie.how if tie.certain else f"{tie.how}, perhaps",
            names.way(tie.path[1:-1]),
        ]
        for tie in found.ties
    ]
    counts: dict[str, int] = {}
    for group in found.groups:
        counts[group.group] = counts.get(group.group, 0) + group.count
    summary = ", ".join(_counted(count, name) for name, count in counts.items())
    lines: list[RenderableType] = [
        Text(summary, style="bold"),
        table(["what", "sort", "how", "through"], rows),
    ]
    if found.owners:
        told = ", ".join(f"{each.name} ({each.count})" for each in found.owners)
        lines.append(Text(f"tell: {told}"))
    return Group(*lines, *_ends(found))


def _ends(found: Reach) -> list[Text]:
    """What is not shown, and how to see it."""
    lines = []
    if found.more:
        lines.append(Text(f"{found.total} in all; more with --limit", style="dim"))
    if found.truncated:
        lines.append(Text(f"at least {found.total}; the walk was cut, go on with --most", style="dim"))
    return lines


def models(found: TrainedModels) -> RenderableType:
    """Models that serve, each with its run, code, data and the ways."""
    if not found.models:
        return Text("no such model serves")
    names = Names(found.nodes)
    return Group(*(_model(each, names) for each in found.models), *_cut(found.truncated))


def _model(found: Trained, names: Names) -> Tree:
    tree = Tree(Text.assemble((names.text(found.version), "bold"), f" serves as {', '.join(found.aliases)}"))
    if found.run is not None:
        tree.add(Text(f"made by run {names.text(found.run)}{_code(found.code, names)}"))
    if found.datasets:
        tree.add(Text(f"trained on {', '.join(names.text(each) for each in found.datasets)}"))
    if found.columns:
        tree.add(Text(f"columns {', '.join(names.text(each) for each in found.columns)}"))
    for way in found.ways:
        tree.add(Text(_why(way, names)))
    return tree


def _why(way: Way, names: Names) -> str:
    steps = [f" → {edge} → {names.text(node)}" for edge, node in zip(way.edges, way.path[1:], strict=False)]
    put = f" (put by {way.put_by})" if way.put_by else ""
    past = ", as it was when it was trained" if way.past else ""
    return f"{way.label or 'because'}{past}: {names.text(way.path[0])}{''.join(steps)}{put}"


def _code(code: Code | None, names: Names) -> str:
    """The code of a step in a few words."""
    if code is None:
        return ""
    place = " ".join(
        part
        for part in (
            code.file,
            f"at {code.commit[:_SHORT_COMMIT]}" if code.commit else "",
            f"of {code.repository}"
            if code.repository and not code.repository.endswith(code.file or "/")
            else "",
        )
        if part
    )
    query = " ".join(code.query.split())
    parts = [place, f"by {code.by}" if code.by else "", f"SQL {_cut_text(query)}" if query else ""]
    told = ", ".join(part for part in parts if part)
    return f": {told}" if told else ""


def code(found: MadeBy) -> RenderableType:
    """The code of each process, newest first."""
    if not found.code:
        return Text("nobody told which code made it")
    names = Names(found.nodes)
    trees = []
    for each in found.code:
        job = f" of {names.text(each.job)}" if each.job is not None else ""
        tree = Tree(Text.assemble((names.text(each.process), "bold"), job))
        for name, value in _told(each):
            tree.add(Text(f"{name} {value}"))
        trees.append(tree)
    return Group(*trees)


def _told(code: Code) -> list[tuple[str, str]]:
    facts = [
        ("file", code.file),
        ("commit", code.commit),
        ("branch", code.branch),
        ("repository", code.repository),
        ("SQL", code.query),
        ("source", code.text),
        ("by", code.by),
        ("status", code.status),
        ("started", moment(code.started)),
    ]
    return [(name, value) for name, value in facts if value]


def difference(found: Difference) -> RenderableType:
    """What differs, area by area; what lies upstream comes later."""
    if not found.changes:
        return Text("nothing differs, as far as anybody told")
    names = Names(found.nodes)
    rows = [
        [each.area, _place(each, names), each.how, _value(each.before), _value(each.after)]
        for each in found.changes
    ]
    return Group(table(["area", "what", "how", "before", "after"], rows), *_cut(found.truncated))


def _place(changed: Changed, names: Names) -> str:
    """What differs, and where when that is not what was asked about."""
    where = names.text(changed.at) if changed.at is not None else ""
    far = f", {changed.distance} upstream" if changed.distance else ""
    return f"{changed.what} ({where}{far})" if where and where != changed.what else changed.what + far


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return _cut_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _cut_text(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONG else flat[: _LONG - 1] + "…"


def origin(found: Origin) -> RenderableType:
    """Ways to the sources, each a line of steps back."""
    names = Names(found.nodes)
    lines: list[RenderableType] = []
    if found.metric:
        lines.append(Text(f"{found.metric} = {found.value:.6g} at step {found.step}, {moment(found.time)}"))
    for way in found.ways:
        tree = Tree(names.title(way[0].id))
        _grow(tree, way, names)
        lines.append(tree)
    return Group(*lines, *_cut(found.truncated))


def _grow(tree: Tree, way: Sequence[Step], names: Names) -> None:
    branch = tree
    if way[0].code:
        branch.label = Text.assemble(names.title(way[0].id), _code(way[0].code, names))
    for step in way[1:]:
        version = f" @{step.version}" if step.version else ""
        line = Text.assemble((f"{step.edge} ", "dim"), names.title(step.id), version, _code(step.code, names))
        branch = branch.add(line)


def cause(found: Cause) -> RenderableType:
    """Suspects: the likely ones in the order in which they came, then the rest."""
    names = Names(found.nodes)
    well = f"; last well {moment(found.well)}" if found.well else ""
    lines: list[RenderableType] = [
        Text.assemble((names.text(found.start), "bold"), f" as of {moment(found.at)}{well}")
    ]
    if found.error:
        lines.append(Text(found.error, style="red"))
    if not found.suspects:
        return Group(*lines, Text("nothing is known to have changed upstream before"))
    rows = [_suspect(each, names) for each in found.suspects]
    lines.append(table(["when", "where", "what", "evidence", "way down", ""], rows))
    return Group(*lines, *_cut(found.truncated))


def _suspect(suspect: Suspect, names: Names) -> list[Any]:
    evidence = " → ".join(_value(each) for each in (suspect.before, suspect.after) if each is not None)
    return [
        moment(suspect.at),
        names.text(suspect.entity),
        suspect.what,
        evidence,
        names.way(suspect.path[1:]),
        "likely" if suspect.likely else "before it was last well",
    ]


def versions(found: Versions) -> RenderableType:
    """Versions of a data set, newest first, and its freshness."""
    names = Names(found.nodes)
    rows = [_version(each, names) for each in found.versions]
    lines: list[RenderableType] = [names.title(found.start), Text(_fresh(found.freshness, names))]
    if found.deleted:
        lines.append(Text(f"dropped {moment(found.deleted)}", style="red"))
    if rows:
        lines.append(table(["version", "when", "rows", "run", "what is new"], rows))
    return Group(*lines)


def _version(version: DataVersion, names: Names) -> list[Any]:
    run = names.text(version.run) if version.run is not None else ""
    rows = version.rows if version.rows is not None else ""
    return [version.name, moment(version.at), rows, run, ", ".join(version.changes)]


def _fresh(fresh: Freshness, names: Names) -> str:
    """Freshness in words."""
    if fresh.written is None:
        return "nobody told when it was written"
    run = f" by {names.text(fresh.run)}" if fresh.run is not None else ""
    words = f"written {moment(fresh.written)}{run}"
    if fresh.interval:
        words += f", usually every {_span(fresh.interval)}"
    return f"{words}: stale since {moment(fresh.due)}" if fresh.stale else words


def _span(milliseconds: int) -> str:
    """A length of time in its largest unit."""
    for size, unit in ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes")):
        if milliseconds >= size:
            return f"{milliseconds / size:.3g} {unit}"
    return f"{milliseconds / 1000:.3g} seconds"


def stale(found: UnfreshData) -> RenderableType:
    """Data sets that are overdue or gone."""
    if not found.datasets:
        return Text("all data is as fresh as it usually is")
    names = Names(found.nodes)
    rows = [
        [
            names.text(each.id),
            f"dropped {moment(each.deleted)}" if each.deleted else _fresh(each.freshness, names),
            each.readers,
        ]
        for each in found.datasets
    ]
    return Group(table(["data set", "", "readers"], rows), *_cut(found.truncated))


def _cut(truncated: bool) -> list[Text]:
    return [Text(_CUT, style="dim")] if truncated else []
