/** What is read for a drawing: two walks from the start, one for each node opened further, columns, labels. */

import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { call, get, queryString } from "../../api/client";
import { useFind } from "../../api/queries";
import type { Entity, Lineage, Page, Query } from "../../api/types";
import { merged } from "../../graph/merge";
import type { LineageState } from "./state";

const MOST = 500;
const FURTHER = 200;
const MOST_COLUMNS = 2000;

function walk(ref: string | number, direction: "up" | "down" | "both", depth: number, limit: number) {
  const search = queryString({ direction, depth, limit });
  return {
    queryKey: ["lineage", String(ref), direction, depth, limit],
    queryFn: ({ signal }: { signal: AbortSignal }) => get<Lineage>(`/lineage/${encodeURIComponent(ref)}${search}`, signal),
    placeholderData: keepPreviousData,
  };
}

export function useGraph(of: string, { up, down, more }: LineageState) {
  const above = useQuery(walk(of, "up", up, MOST));
  const below = useQuery(walk(of, "down", down, MOST));
  const further = useQueries({
    queries: more.map((each) => walk(each.slice(0, -1), each.endsWith("u") ? "up" : "down", 1, FURTHER)),
    combine: (results) => ({ data: results.flatMap(({ data }) => (data ? [data] : [])), signature: results.map(({ dataUpdatedAt }) => dataUpdatedAt).join() }),
  });
  const lineage = useMemo(() => {
    if (!above.data || !below.data) return undefined;
    return merged(above.data.start, [above.data, below.data, ...further.data]);
  }, [above.data, below.data, further.signature]);
  return { lineage, error: above.error ?? below.error, refetch: () => void Promise.all([above.refetch(), below.refetch()]) };
}

/** Columns of the data sets that are open. */
export function useColumns(homes: number[]): Map<number, Entity[]> {
  const where: Query["where"] = { expr: "compare", field: { field: "attribute", name: "home" }, op: "in", value: homes };
  const query: Query = { kinds: ["column"], where, order: [{ field: { field: "attribute", name: "id" } }], limit: MOST_COLUMNS, parts: ["labels"] };
  const { data } = useFind(query, homes.length > 0);
  return useMemo(() => byHome(homes.length ? (data?.entities ?? []) : [], homes), [data, homes.join()]);
}

function byHome(columns: Entity[], homes: number[]): Map<number, Entity[]> {
  const found = new Map<number, Entity[]>(homes.map((home) => [home, []]));
  for (const column of columns) if (column.home != null) found.get(column.home)?.push(column);
  return found;
}

/** Where the values of a column come from and go to. */
export function useColumnWay(column: number | null) {
  return useQuery({ ...walk(column ?? 0, "both", 50, MOST), enabled: column !== null }).data;
}

/** Classifications of the nodes and of their columns, by id of the node; asked for when they give the colour. */
export function useClassifications(ids: number[], wanted: boolean): Map<number, string[]> {
  const own = useLabelled("id", ids, wanted);
  const columns = useLabelled("home", ids, wanted);
  return useMemo(() => {
    const found = new Map<number, Set<string>>();
    const known = new Set(ids);
    for (const entity of [...own, ...columns]) {
      const id = known.has(entity.id) ? entity.id : entity.home!;
      const names = (entity.labels ?? []).filter((label) => (label.category ?? "classification") === "classification").map(({ name }) => name);
      found.set(id, new Set([...(found.get(id) ?? []), ...names]));
    }
    return new Map([...found].map(([id, names]) => [id, [...names].sort()]));
  }, [own, columns, ids]);
}

const NONE: Entity[] = [];

function useLabelled(attribute: "id" | "home", ids: number[], wanted: boolean): Entity[] {
  const where: Query["where"] = { expr: "compare", field: { field: "attribute", name: attribute }, op: "in", value: ids };
  const query: Query = { where, limit: 5000, parts: ["labels"], ...(attribute === "home" && { kinds: ["column"] }) };
  const { data } = useQuery({
    queryKey: ["find", query],
    queryFn: ({ signal }) => call<Page>("POST", "/find", query, signal),
    enabled: wanted && ids.length > 0,
    placeholderData: keepPreviousData,
  });
  return data?.entities ?? NONE;
}
