/** Which columns of runs can be drawn, and the ones to begin with. */

import type { Entity } from "../api/types";
import { split, valueOf, type Column } from "../pages/runs/state";

export function drawable(runs: Entity[], columns: Column[]): Column[] {
  const found = new Set<Column>(columns.filter((column) => split(column).group !== "" && split(column).group !== "tag"));
  for (const run of runs.slice(0, 100)) {
    for (const key of Object.keys(run.properties ?? {})) if (key.startsWith("param.")) found.add(`param:${key.slice(6)}`);
    for (const key of Object.keys(run.metrics ?? {})) found.add(`metric:${key}`);
  }
  return [...found];
}

export function plainValue(run: Entity, column: Column): string | number | undefined {
  const value = valueOf(run, column);
  return typeof value === "number" || typeof value === "string" ? value : value === undefined || value === null ? undefined : String(value);
}

/** Columns in which the runs differ, parameters first and metrics last. */
export function varied(runs: Entity[], columns: Column[]): Column[] {
  const differs = (column: Column) => new Set(runs.map((run) => plainValue(run, column))).size > 1;
  const rank = (column: Column) => (column.startsWith("metric:") ? 1 : 0);
  return columns.filter(differs).sort((a, b) => rank(a) - rank(b));
}
