/** What the address of the search page says, and the query that it asks. */

import type { Compare, Order, Query } from "../../api/types";

type Field = Order["field"];
type Expr = NonNullable<Query["where"]>;

export const FACETS = ["kind", "namespace", "owner", "label"] as const;
export type Facet = (typeof FACETS)[number];

export const PAGE_SIZE = 50;

export interface SearchState {
  text: string;
  chosen: Record<Facet, string[]>;
  /** Id of the entity that contains what is wanted. */
  home: string;
  state: "active" | "deleted" | "all";
  /** `name`, `-updated`, `metric:loss`, `-param:lr` …; empty for the default. */
  order: string;
  cursor: string;
}

export function readState(search: URLSearchParams): SearchState {
  const state = search.get("state");
  return {
    text: search.get("q") ?? "",
    chosen: Object.fromEntries(FACETS.map((facet) => [facet, search.getAll(facet)])) as Record<Facet, string[]>,
    home: /^\d+$/.test(search.get("home") ?? "") ? search.get("home")! : "",
    state: state === "deleted" || state === "all" ? state : "active",
    order: search.get("order") ?? "",
    cursor: search.get("cursor") ?? "",
  };
}

export function queryOf(state: SearchState): Query {
  const where = whereOf(state);
  return {
    text: state.text,
    kinds: state.chosen.kind,
    ...(where && { where }),
    ...(state.cursor && { cursor: state.cursor }),
    order: orderOf(state),
    state: state.state,
    limit: PAGE_SIZE,
    parts: ["properties", "metrics", "labels"],
    facets: [...FACETS],
    count: true,
  };
}

function whereOf({ chosen, home }: SearchState): Expr | undefined {
  const parts: Expr[] = [];
  if (home) parts.push(compare("home", "=", Number(home)));
  if (chosen.namespace.length) parts.push(compare("namespace", "in", chosen.namespace));
  if (chosen.owner.length) parts.push(compare("owner", "in", chosen.owner));
  for (const name of chosen.label) parts.push({ expr: "labelled", name });
  return parts.length > 1 ? { expr: "and", parts } : parts[0];
}

function compare(name: string, op: Compare["op"], value: NonNullable<Compare["value"]>): Expr {
  return { expr: "compare", field: { field: "attribute", name }, op, value };
}

function orderOf({ order, text }: SearchState): Order[] {
  if (!order) return text ? [] : [{ field: { field: "attribute", name: "updated" }, descending: true }];
  const descending = order.startsWith("-");
  return [{ field: fieldOf(descending ? order.slice(1) : order), descending }];
}

function fieldOf(order: string): Field {
  if (order.startsWith("metric:")) return { field: "metric", key: order.slice(7) };
  if (order.startsWith("param:")) return { field: "property", key: `param.${order.slice(6)}` };
  return { field: "attribute", name: order };
}
