"""The questions people ask of lineage, as methods."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from lineal.client.address import Address, as_segment
from lineal.client.connection import Connection
from lineal.insight.values import (
    PRODUCTION,
    Cause,
    Difference,
    MadeBy,
    Origin,
    Reach,
    TrainedModels,
    UnfreshData,
    Versions,
)


class Questions:
    """What feeds something, what breaks when it goes, where it came from, and why it failed.

    Answers name entities by id and bring those that one may see along as `nodes`; what one may not see is an id alone.
    """

    _connection: Connection

    def upstream(self, address: Address, *, limit: int = 100, offset: int = 0, most: int = 2000) -> Reach:
        """What feeds an entity, down to columns, the nearest first.

        Args:
            address: of the entity.
            limit, offset: a page of it; `groups` counts all.
            most: after how many entities the walk is cut, which `truncated` then tells.
        """
        asked = {"limit": limit, "offset": offset, "most": most}
        return self._connection.get(_of(address, "upstream"), Reach, asked)

    def impact(
        self,
        address: Address,
        *,
        production: Sequence[str] = PRODUCTION,
        limit: int = 100,
        offset: int = 0,
        most: int = 2000,
    ) -> Reach:
        """What breaks when a column, a data set or anything else goes or changes, the worst first; whom to tell.

        Args:
            address: of the entity.
            production: aliases and stages by which models serve.
            limit, offset: a page of it; `groups` counts all.
            most: after how many entities the walk is cut, which `truncated` then tells.
        """
        asked = {"alias": production, "limit": limit, "offset": offset, "most": most}
        return self._connection.get(_of(address, "impact"), Reach, asked)

    def trained_models(
        self,
        label: str = "",
        *,
        data: Address | None = None,
        aliases: Sequence[str] = PRODUCTION,
        most: int = 2000,
    ) -> TrainedModels:
        """Models that serve, with their runs, code and data, and how what was asked for came to them.

        Args:
            label: only those that bear this classification.
            data: only those that were trained on this data set or column.
            aliases: by which they serve; `*` stands for any alias and stage.
            most: after how many entities a walk from the data is cut.
        """
        asked = {"label": label, "data": _text(data), "alias": aliases, "most": most}
        return self._connection.get("/models", TrainedModels, asked)

    def diff(
        self,
        before: Address,
        after: Address | None = None,
        *,
        before_version: str = "",
        after_version: str = "",
    ) -> Difference:
        """What differs between two runs, models, data sets or versions of a data set, also upstream of them.

        Args:
            before, after: the two; the same data set when only one is given.
            before_version, after_version: of a data set, one of its versions, by the name that `versions` gives it.
        """
        asked = {"before": _text(before), "after": _text(after)}
        asked |= {"before_version": before_version, "after_version": after_version}
        return self._connection.get("/diff", Difference, asked)

    def origin(self, address: Address, metric: str = "", *, limit: int = 5, most: int = 2000) -> Origin:
        """Where an entity, or one of its metrics, came from: the shortest way to each source.

        Args:
            address: of the entity.
            metric: key of one of its metrics.
            limit: ways at most.
            most: after how many entities the walk is cut.
        """
        asked = {"metric": metric, "limit": limit, "most": most}
        return self._connection.get(_of(address, "origin"), Origin, asked)

    def code(self, address: Address, *, limit: int = 10) -> MadeBy:
        """Which code made an entity (git commit, file, SQL), and who ran it, newest first."""
        return self._connection.get(_of(address, "code"), MadeBy, {"limit": limit})

    def cause(self, address: Address, *, at: int | None = None, limit: int = 20) -> Cause:
        """Changes upstream that came before a failure, the likely ones first.

        Args:
            address: of a run, a job, or data that is not as it should be.
            at: when it failed (ms since the epoch), if that is not what is known of it.
            limit: suspects at most.
        """
        return self._connection.get(_of(address, "cause"), Cause, {"at": at, "limit": limit})

    def versions(self, address: Address, *, limit: int = 100) -> Versions:
        """Versions of a data set, newest first, and how fresh it is."""
        return self._connection.get(_of(address, "versions"), Versions, {"limit": limit})

    def stale(self, *, limit: int = 100) -> UnfreshData:
        """Data sets that are overdue, or gone while something reads them; those with the most readers first."""
        return self._connection.get("/stale", UnfreshData, {"limit": limit})


def _of(address: Address, question: str) -> str:
    return f"/entities/{as_segment(address)}/{question}"


def _text(address: Address | None) -> str | None:
    """An address as the text that a parameter holds."""
    return None if address is None else unquote(as_segment(address))
