"""What became of everything that was moved."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import msgspec

Outcome = Literal["new", "changed", "same", "kept", "failed"]
"""`same`: it was there already; `kept`: it was changed in the target since, and stays so."""

MOST_PROBLEMS = 1000


class LeftOut(msgspec.Struct, frozen=True):
    """Things of the source that do not move, and why."""

    what: str
    count: int
    why: str


class Problem(msgspec.Struct, frozen=True):
    """One thing that was not taken, or not as it was, and why."""

    what: str
    id: str
    why: str


class Report:
    """Counts by sort of thing and outcome, and what went wrong."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[Outcome]] = {}
        self.problems: list[Problem] = []
        self.more_problems = 0
        self.left_out: list[LeftOut] = []

    def add(self, what: str, outcome: Outcome, count: int = 1) -> None:
        """Count some of a sort."""
        self.outcomes.setdefault(what, Counter())[outcome] += count

    def problem(self, what: str, number: str, why: str) -> None:
        """Note something to tell, of which the first thousand are kept."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(what, number, why))
        else:
            self.more_problems += 1

    def failed(self, what: str, number: str, why: str) -> None:
        """One could not be taken."""
        self.add(what, "failed")
        self.problem(what, number, why)

    @property
    def complete(self) -> bool:
        """Whether all was taken that has a place."""
        return not any(counted["failed"] for counted in self.outcomes.values())
