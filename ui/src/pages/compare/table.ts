/** Runs side by side: a row for each parameter, metric and tag. */

import type { Entity, Value } from "../../api/types";
import { measure, toNumber } from "../../format/number";
import { short, status } from "../../format/properties";
import { dateTime, duration } from "../../format/time";

export interface Row {
  name: string;
  values: string[];
  differs: boolean;
}

export interface Group {
  heading: string;
  rows: Row[];
}

const SILENT = /^tag\.mlflow\.(log-model|loggedModels)/;

export function compared(runs: Entity[]): Group[] {
  const groups: Group[] = [
    { heading: "Metrics", rows: rowsOf(runs, ({ metrics = {} }) => mapped(metrics, (point) => measure(toNumber(point[1])))) },
    { heading: "Parameters", rows: rowsOf(runs, (run) => properties(run, "param.")) },
    { heading: "Tags", rows: rowsOf(runs, (run) => properties(run, "tag.")) },
    { heading: "Run", rows: rowsOf(runs, about) },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

function rowsOf(runs: Entity[], read: (run: Entity) => Record<string, string>): Row[] {
  const read_ = runs.map(read);
  const names = [...new Set(read_.flatMap(Object.keys))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return names.map((name) => {
    const values = read_.map((each) => each[name] ?? "");
    return { name, values, differs: new Set(values).size > 1 };
  });
}

function mapped<T>(values: Record<string, T>, turn: (value: T) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, turn(value)]));
}

function properties(run: Entity, prefix: string): Record<string, string> {
  const found = Object.entries((run.properties ?? {}) as Record<string, Value>).filter(([key]) => key.startsWith(prefix) && !SILENT.test(key));
  return Object.fromEntries(found.map(([key, value]) => [key.slice(prefix.length), short(value)]));
}

function about(run: Entity): Record<string, string> {
  return {
    Status: status(run)?.word ?? "",
    Started: run.started == null ? "" : dateTime(run.started),
    Duration: run.started == null || run.ended == null ? "" : duration(run.ended - run.started),
    Owner: run.owner ?? "",
  };
}
