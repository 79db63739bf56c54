/** What the address of the runs page says, and the query that it asks. */

import type { Entity, Order, Point, Query, Rows, Value } from "../../api/types";
import { parseExpression, type Expr } from "../../format/expression";

/** `name`, `started`, `duration`, `status`, `owner`, `experiment`, `metric:K`, `param:K`, `tag:K`. */
export type Column = string;

export const VIEWS = ["table", "parallel", "scatter"] as const;
export type View = (typeof VIEWS)[number];

export const ATTRIBUTES: Record<string, string> = {
  status: "Status",
  started: "Started",
  duration: "Duration",
  owner: "Owner",
  experiment: "Experiment",
};
export const DEFAULTS: Column[] = ["status", "started", "duration"];
export const PAGE = 100;

export interface RunsState {
  /** Ids of experiments; empty for all. */
  experiments: number[];
  filter: string;
  /** `started`, `-metric:loss` …; newest first when empty. */
  order: string;
  /** null: chosen by what the runs have. */
  columns: Column[] | null;
  deleted: boolean;
  view: View;
}

export function readState(search: URLSearchParams): RunsState {
  const columns = search.get("columns");
  return {
    experiments: search.getAll("experiment").map(Number).filter(Number.isInteger),
    filter: search.get("filter") ?? "",
    order: search.get("order") ?? "",
    columns: columns === null ? null : columns.split(",").filter(Boolean).map(decodeURIComponent),
    deleted: search.has("deleted"),
    view: VIEWS.find((each) => each === search.get("view")) ?? "table",
  };
}

export function columnsText(columns: Column[]): string {
  return columns.map(encodeURIComponent).join(",");
}

/** The query of a page of runs. Throws the Mistake in the filter. */
export function queryOf(state: RunsState, offset: number, limit = PAGE): Query {
  const where = whereOf(state);
  return {
    kinds: ["run"],
    ...(where && { where }),
    order: [orderOf(state.order || "-started")],
    state: state.deleted ? "all" : "active",
    limit,
    ...(offset > 0 && { offset }),
    parts: [],
    count: offset === 0,
  };
}

function whereOf({ experiments, filter }: RunsState): Expr | undefined {
  const told = parseExpression(filter);
  const inside: Expr | undefined = experiments.length
    ? { expr: "compare", field: { field: "attribute", name: "home" }, op: "in", value: experiments }
    : undefined;
  return told && inside ? { expr: "and", parts: [inside, told] } : (told ?? inside);
}

function orderOf(order: string): Order {
  const descending = order.startsWith("-");
  return { field: fieldOf(descending ? order.slice(1) : order), descending };
}

function fieldOf(column: Column): Order["field"] {
  const { group, key } = split(column);
  if (group === "metric") return { field: "metric", key };
  if (group) return { field: "property", key: `${group}.${key}` };
  if (column === "status") return { field: "property", key: "status" };
  return { field: "attribute", name: column === "experiment" ? "home" : column };
}

export function split(column: Column): { group: "metric" | "param" | "tag" | ""; key: string } {
  const match = /^(metric|param|tag):(.*)$/s.exec(column);
  return match ? { group: match[1] as "metric" | "param" | "tag", key: match[2]! } : { group: "", key: column };
}

/** The request for one page, with only what these columns show. */
export function rowsOf(query: Query, columns: Column[]): Rows {
  const parts = columns.map(split);
  return {
    query,
    properties: ["status", ...parts.filter(({ group }) => group === "param" || group === "tag").map(({ group, key }) => `${group}.${key}`)],
    metrics: parts.filter(({ group }) => group === "metric").map(({ key }) => key),
  };
}

/** The value of a run in a column of metrics, parameters or tags. */
export function valueOf(run: Entity, column: Column): Value | Point[1] | undefined {
  const { group, key } = split(column);
  if (group === "metric") return run.metrics?.[key]?.[1];
  return group ? run.properties?.[`${group}.${key}`] : undefined;
}

/** The same as a number; undefined when it is none. */
export function numberOf(run: Entity, column: Column): number | undefined {
  const value = valueOf(run, column);
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** The order after a click on a heading: its first direction, then the other, then none. */
export function nextOrder(order: string, column: Column): string | null {
  const descendingFirst = /^(metric:|started|duration)/.test(column);
  const [first, second] = descendingFirst ? [`-${column}`, column] : [column, `-${column}`];
  const now = order || "-started";
  if (now === first) return second;
  return now === second ? null : first;
}
