/** Which columns a table of runs has. */

import type { Entity } from "../api/types";

export interface RunColumn {
  field: "metric" | "param";
  key: string;
}

const METRICS = 6;
const PARAMS = 6;

const TELLING = /loss|acc|auc|f1|score|error|mse|mae|r2|perplexity/i;
const MACHINE = /^(system|gpu\d*|cpu)\//;

/** Sorts metrics that tell how good a model is before others, and those about the machine behind them. */
export function metricRank(key: string): number {
  if (MACHINE.test(key)) return 2;
  return TELLING.test(key) ? 0 : 1;
}

/** The metrics and parameters that most of the runs have; parameters that differ come before those that do not. */
export function runColumns(runs: Entity[]): RunColumn[] {
  const metrics = tally(runs, (run) => Object.entries(run.metrics ?? {}).map(([key, point]) => [key, point[1]]));
  const params = tally(runs, (run) =>
    Object.entries(run.properties ?? {}).flatMap(([key, value]) => (key.startsWith("param.") ? [[key.slice(6), value]] : [])),
  );
  const varied = (key: string) => (runs.length > 1 && params.get(key)!.values.size > 1 ? 1 : 0);
  const metricKeys = [...metrics.keys()].sort(
    (a, b) => metrics.get(b)!.runs - metrics.get(a)!.runs || metricRank(a) - metricRank(b) || order(a, b),
  );
  const paramKeys = [...params.keys()].sort(
    (a, b) => varied(b) - varied(a) || params.get(b)!.runs - params.get(a)!.runs || order(a, b),
  );
  return [
    ...metricKeys.slice(0, METRICS).map((key): RunColumn => ({ field: "metric", key })),
    ...paramKeys.slice(0, PARAMS).map((key): RunColumn => ({ field: "param", key })),
  ];
}

interface Tally {
  runs: number;
  values: Set<unknown>;
}

function tally(runs: Entity[], read: (run: Entity) => [string, unknown][]): Map<string, Tally> {
  const found = new Map<string, Tally>();
  for (const run of runs) {
    for (const [key, value] of read(run)) {
      const entry = found.get(key) ?? { runs: 0, values: new Set() };
      entry.runs += 1;
      entry.values.add(value);
      found.set(key, entry);
    }
  }
  return found;
}

function order(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
