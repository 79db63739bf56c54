/** The facet `statistics`, read with care: any client may have written it. */

import type { Document, Value } from "../api/types";

export interface ColumnFigures {
  nulls: number | undefined;
  distinct: number | undefined;
  least: number | string | undefined;
  greatest: number | string | undefined;
  quantiles: Record<string, number>;
}

export interface Statistics {
  rows: number | undefined;
  columns: Map<string, ColumnFigures>;
}

export function statisticsOf(document: Value | undefined): Statistics {
  const told = objectOf(document);
  const columns = Object.entries(objectOf(told["columns"])).map(([name, each]) => [name, figuresOf(objectOf(each))] as const);
  return { rows: numberOf(told["row_count"]), columns: new Map(columns) };
}

function figuresOf(told: Document): ColumnFigures {
  const quantiles = Object.entries(objectOf(told["quantiles"])).flatMap(([part, value]) => (typeof value === "number" ? [[part, value] as const] : []));
  return {
    nulls: numberOf(told["null_count"]),
    distinct: numberOf(told["distinct_count"]),
    least: endOf(told["min"]),
    greatest: endOf(told["max"]),
    quantiles: Object.fromEntries(quantiles),
  };
}

function objectOf(value: Value | undefined): Document {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function numberOf(value: Value | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function endOf(value: Value | undefined): number | string | undefined {
  return typeof value === "number" || typeof value === "string" ? value : undefined;
}
