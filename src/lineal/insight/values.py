"""What the questions are answered with. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lineal.graph.model import Entity, Label

PRODUCTION = ("champion", "production")
"""Aliases and stages whose versions are taken to serve, unless others are named; capitals do not matter."""
How = Literal["direct", "masked", "indirect"]
"""Whether a value goes on as it is or changed, hidden as by a hash, or only decides about others as in a filter."""


class Tie(msgspec.Struct, frozen=True, omit_defaults=True):
    """How something hangs together with what was asked about.

    Attributes:
        id: of the entity.
        group: what sort of thing it is, such as `columns` or `production aliases`.
        tool: by which tool it is known, or else where it is kept.
        how: the most that reaches it.
        certain: whether it is known to be reached; otherwise it may be, for all that is known.
        distance: edges on the shortest such way.
        path: that way, from what was asked about to this.
        edges: kind of the edge between each two of them; `member` between a column and its data set.
    """

    id: int
    group: str
    tool: str = ""
    how: How = "direct"
    certain: bool = True
    distance: int = 0
    path: list[int] = []
    edges: list[str] = []


class Group(msgspec.Struct, frozen=True):
    """How many of a sort there are; `certain`: of these, how many for sure."""

    group: str
    tool: str
    count: int
    certain: int


class Owner(msgspec.Struct, frozen=True):
    """Whom to tell: of how many of the entities they are owners, and the ids of the worst of them."""

    name: str
    count: int
    entities: list[int]


class Reach(msgspec.Struct, omit_defaults=True):
    """What feeds something, or what hangs on it.

    Attributes:
        start: id of the entity asked about.
        total: entities reached, those that may not be seen included; at least so many when `truncated`.
        groups: all that was reached, counted by sort and tool.
        ties: one page of it: of what feeds something the nearest first, of what hangs on it the worst first.
        owners: of all that was reached.
        nodes: what the page names and the caller may see.
        hidden: how many of those reached the caller may not see.
        more: whether there are further ties after this page.
        truncated: whether the walk was cut.
    """

    start: int
    total: int
    groups: list[Group]
    ties: list[Tie]
    owners: list[Owner] = []
    nodes: list[Entity] = []
    hidden: int = 0
    more: bool = False
    truncated: bool = False


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """The code of a process, and who ran it.

    Attributes:
        process: id of the run, or of the job when no run is known.
        job: id of the job of the run.
        repository, commit, branch, file: where the code is.
        query: SQL that was run.
        text: the source itself, where it was told.
        by: who ran it.
        tool: by which tool the process is known.
    """

    process: int
    job: int | None = None
    repository: str = ""
    commit: str = ""
    branch: str = ""
    file: str = ""
    language: str = ""
    query: str = ""
    text: str = ""
    by: str = ""
    tool: str = ""
    status: str = ""
    started: int | None = None
    ended: int | None = None


class MadeBy(msgspec.Struct, omit_defaults=True):
    """The code that made something, newest first."""

    start: int
    code: list[Code]
    nodes: list[Entity] = []


class Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a classification came to a model.

    Attributes:
        label: the classification.
        root: id of where it was put.
        path: from there to the model's version.
        edges: kind of the edge between each two of them.
        put_by: who put it there.
        past: the way was there when the model was trained, and is there no more.
    """

    label: str
    root: int
    path: list[int]
    edges: list[str] = []
    put_by: str = ""
    past: bool = False


class Trained(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version of a model that serves, and what it was trained on.

    Attributes:
        model, version, run: ids; None for what is not known or may not be seen.
        aliases: by which names it is reached.
        code: of the run.
        datasets: ids of the data sets that the run read.
        columns: ids of the columns among the roots of its classifications.
        labels: classifications that the version bears.
        ways: how each came, or how the data asked about came.
    """

    version: int
    model: int | None = None
    aliases: list[str] = []
    run: int | None = None
    code: Code | None = None
    datasets: list[int] = []
    columns: list[int] = []
    labels: list[Label] = []
    ways: list[Way] = []


class TrainedModels(msgspec.Struct, omit_defaults=True):
    """Versions that serve and match, by model; `truncated`: there are more aliases than were looked at."""

    models: list[Trained]
    nodes: list[Entity] = []
    truncated: bool = False


class Changed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One difference.

    Attributes:
        area: schema, statistics, data, parameters, code, environment, tags, metrics, lineage or outcome.
        what: the name of what differs: a column, a parameter, a data set.
        how: `added`, `dropped`, `changed`, `retyped`, or `renamed`, which is a guess.
        before, after: the values; None where there is none.
        at: id of the entity that it is about, when it is not one of the two compared.
        distance: 0 for a difference of the two themselves, 1 of the runs that wrote what they read, and so on.
    """

    area: str
    what: str
    how: Literal["added", "dropped", "changed", "retyped", "renamed"]
    before: Any = None
    after: Any = None
    at: int | None = None
    distance: int = 0


class Difference(msgspec.Struct, omit_defaults=True):
    """All differences of two runs, models, data sets or versions of a data set, from near to far."""

    before: int
    after: int
    changes: list[Changed]
    nodes: list[Entity] = []
    truncated: bool = False


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step back towards the sources.

    Attributes:
        id: of the entity.
        edge: kind of the edge that leads from it to the step before.
        code: of a process.
        version: of a data set, which one was read, when that is known.
    """

    id: int
    edge: str = ""
    code: Code | None = None
    version: str = ""


class Origin(msgspec.Struct, omit_defaults=True):
    """The shortest way from something to each of its sources.

    Attributes:
        start: id of what was asked about.
        metric: the metric, with `value`, `step` and `time` of its last point.
        ways: each begins with what was asked about, or the run that measured it, and ends with a source.
    """

    start: int
    ways: list[list[Step]]
    nodes: list[Entity] = []
    metric: str = ""
    value: float | None = None
    step: int | None = None
    time: int | None = None
    truncated: bool = False


class Suspect(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change upstream that may be the reason.

    Attributes:
        kind: failed, dropped, schema, code, stale, data or tests.
        what: in words.
        at: when.
        entity: id of where.
        distance: steps upstream.
        path: from there down to what was asked about.
        likely: whether it came after all was last well.
        before, after: the evidence.
    """

    kind: str
    what: str
    at: int
    entity: int
    distance: int = 0
    path: list[int] = []
    likely: bool = True
    before: Any = None
    after: Any = None


class Cause(msgspec.Struct, omit_defaults=True):
    """What went before a failure: the likely ones first, among them the first one upstream, then by time.

    Attributes:
        start: id of what failed.
        at: when.
        error: what it said.
        well: when the same was last known to be well.
    """

    start: int
    at: int
    suspects: list[Suspect]
    error: str = ""
    well: int | None = None
    nodes: list[Entity] = []
    truncated: bool = False


class DataVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A state in which a data set was.

    Attributes:
        name: what to call it: the content that its producer told, a digest, or the beginning of its uuid.
        at: when it was written, or first read.
        id: of its entity; None for one that only readers told of.
        run: id of the run that wrote it, or first read it.
        rows, bytes: its size.
        changes: how it differs from the one before, in a few words.
    """

    name: str
    at: int
    id: int | None = None
    run: int | None = None
    rows: int | None = None
    bytes: int | None = None
    changes: list[str] = []


class Freshness(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a data set was last written.

    Attributes:
        written: when; `run`: by which one.
        interval: milliseconds that usually pass between two writings; None while there are fewer than three.
        due: when the next one is to be expected.
        stale: whether that is over by more than half an interval.
    """

    written: int | None = None
    run: int | None = None
    interval: int | None = None
    due: int | None = None
    stale: bool = False


class Versions(msgspec.Struct, omit_defaults=True):
    """Versions of a data set, newest first; `deleted`: when it was dropped."""

    start: int
    versions: list[DataVersion]
    freshness: Freshness
    deleted: int | None = None
    nodes: list[Entity] = []


class Unfresh(msgspec.Struct, frozen=True, omit_defaults=True):
    """A data set that is stale or gone.

    Attributes:
        id: of the data set.
        deleted: when it was dropped, if it was.
        readers: how many processes read it.
    """

    id: int
    freshness: Freshness
    deleted: int | None = None
    readers: int = 0


class UnfreshData(msgspec.Struct, omit_defaults=True):
    """Data sets that are stale, or gone and still read; those with the most readers first."""

    datasets: list[Unfresh]
    nodes: list[Entity] = []
    truncated: bool = False


SameAsState = Literal["proposed", "accepted", "refused"]


class Evidence(msgspec.Struct, frozen=True):
    """What two data sets have in common.

    Attributes:
        kind: `uri`, the same place spelt otherwise; `content`, the same digest; `schema`, the same fields under a
            similar name.
        value: what it is.
    """

    kind: str
    value: str


class Likeness(msgspec.Struct, frozen=True, omit_defaults=True):
    """Two entities that may be one; `by`: who decided that they are, or that they are not."""

    first: int
    second: int
    evidence: list[Evidence] = []
    by: str = ""


class SameAs(msgspec.Struct, omit_defaults=True):
    """Pairs of entities that may be one, and those entities; `truncated`: there may be more."""

    pairs: list[Likeness]
    nodes: list[Entity] = []
    truncated: bool = False
