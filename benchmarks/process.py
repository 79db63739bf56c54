"""What a server costs the machine, read from /proc: CPU time and memory of all its processes together."""

import os
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: str) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, group, session, …; empty once gone."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def family(root: int) -> Iterator[tuple[int, list[str]]]:
    """Every process of the session that `root` leads, and every descendant that has left it."""
    stats = {int(p): fields for p in os.listdir("/proc") if p.isdigit() and (fields := _stat(p))}
    members = {pid for pid, fields in stats.items() if pid == root or int(fields[3]) == root}
    while more := {pid for pid, fields in stats.items() if int(fields[1]) in members} - members:
        members |= more
    return ((pid, stats[pid]) for pid in sorted(members) if pid in stats)


def cpu_seconds(root: int) -> float:
    """User and system time so far, with that of children already waited for."""
    return sum(int(ticks) for _, fields in family(root) for ticks in fields[11:15]) / TICKS


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def memory_bytes(root: int) -> int:
    """Proportional set size: pages shared by several processes are counted once."""
    return sum(_pss(pid) for pid, _ in family(root))
