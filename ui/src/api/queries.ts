/** What the pages read, one hook each. The first element of a key says how `live.ts` refreshes it. */

import { keepPreviousData, QueryCache, QueryClient, queryOptions, useQueries, useQuery, type QueryKey } from "@tanstack/react-query";
import { ApiError, encodePath, entityPath, get, call, queryString } from "./client";
import type {
  Counts,
  Definitions,
  Difference,
  Events,
  Files,
  Lineage,
  ManySeries,
  Me,
  Neighbourhood,
  Page,
  Paths,
  Points,
  Query,
  Rows,
  SeriesFound,
  Versions,
} from "./types";

export type Direction = "up" | "down" | "both";

const SECOND = 1000;

export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => noticeSignedOut(client, error, query.queryKey) }),
    defaultOptions: {
      queries: {
        staleTime: 15 * SECOND,
        retry: (failures, error) => failures < 2 && isPassing(error),
      },
    },
  });
  return client;
}

/** A session that ends while a page is open leads to the sign-in form. */
function noticeSignedOut(client: QueryClient, error: Error, key: QueryKey): void {
  const ended = error instanceof ApiError && error.code === "unauthenticated";
  if (ended && key[0] !== "me") void client.invalidateQueries({ queryKey: ["me"] });
}

function isPassing(error: Error): boolean {
  return error instanceof ApiError && (error.code === "unavailable" || error.code === "unreachable");
}

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: ({ signal }) => get<Me>("/me", signal), staleTime: 60 * SECOND });
}

export function useCounts() {
  return useQuery({
    queryKey: ["counts"],
    queryFn: ({ signal }) => get<Counts>("/counts", signal),
    select: (answer) => answer.kinds,
  });
}

export function useFind(query: Query, enabled = true) {
  return useQuery({
    queryKey: ["find", query],
    queryFn: ({ signal }) => call<Page>("POST", "/find", query, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

const WHOLE = "properties,labels,facets,metrics,external,edges";
const PAST = "properties,labels,facets";

/** An entity with all its parts and neighbours, or (`asOf`, ms) what it was at a moment. */
export function useEntity(ref: string, asOf?: number) {
  const search = queryString({ parts: asOf === undefined ? WHOLE : PAST, as_of: asOf });
  return useQuery({
    queryKey: ["entity", ref, asOf ?? null],
    queryFn: ({ signal }) => get<Neighbourhood>(entityPath(ref) + search, signal),
  });
}

/** Just enough of an entity to name and link it. */
export function useName(ref: number | null | undefined) {
  return useQuery({
    queryKey: ["name", ref],
    queryFn: ({ signal }) => get<Neighbourhood>(`${entityPath(ref ?? 0)}?parts=`, signal),
    select: (view) => view.entity,
    enabled: ref != null,
    staleTime: 60 * SECOND,
  });
}

export function useLineage(ref: string, direction: Direction, depth: number, limit: number, enabled = true) {
  const search = queryString({ direction, depth, limit });
  return useQuery({
    queryKey: ["lineage", ref, direction, depth, limit],
    queryFn: ({ signal }) => get<Lineage>(`/lineage/${encodeURIComponent(ref)}${search}`, signal),
    placeholderData: (previous, query) => (query?.queryKey[1] === ref ? previous : undefined),
    enabled,
  });
}

export function useSeries(ref: string, key: string, buckets: number, enabled = true) {
  return useQuery({
    queryKey: ["series", ref, key, buckets],
    queryFn: ({ signal }) =>
      get<Points>(`${entityPath(ref)}/series/${encodePath(key)}?buckets=${buckets}`, signal),
    select: (answer) => answer.points,
    enabled,
  });
}

export function useHistory(ref: string, limit: number) {
  return useQuery({
    queryKey: ["history", ref, limit],
    queryFn: ({ signal }) => get<Events>(`${entityPath(ref)}/history?limit=${limit}`, signal),
    select: (answer) => answer.events,
    placeholderData: keepPreviousData,
  });
}

export function useFiles(ref: string, path: string) {
  return useQuery({
    queryKey: ["files", ref, path],
    queryFn: ({ signal }) => get<Files>(`${entityPath(ref)}/files${queryString({ path })}`, signal),
    select: (answer) => answer.files,
  });
}

export function useWhy(ref: string, label: string, enabled: boolean) {
  return useQuery({
    queryKey: ["why", ref, label],
    queryFn: ({ signal }) => get<Paths>(`${entityPath(ref)}/why${queryString({ label })}`, signal),
    select: (answer) => answer.paths,
    enabled,
  });
}

/** Kind → supertypes, of all kinds. */
export function useKinds() {
  return useQuery({
    queryKey: ["types"],
    queryFn: ({ signal }) => get<Definitions>("/types", signal),
    select: supertypes,
    staleTime: 300 * SECOND,
  });
}

function supertypes({ definitions }: Definitions): Map<string, string[]> {
  const kinds = definitions.filter((each) => each.category === "kind");
  return new Map(kinds.map((each) => [each.name, each.supertypes ?? []]));
}

/** A page of a table of entities, only with what it shows. */
export function rowsOptions(rows: Rows) {
  return queryOptions({
    queryKey: ["rows", rows],
    queryFn: ({ signal }) => call<Page>("POST", "/rows", rows, signal),
  });
}

/** Series of many entities at once; those that are known already stay on the screen while others come. */
export function useManySeries(wanted: ManySeries, enabled = true) {
  return useQuery({
    queryKey: ["many", wanted],
    queryFn: ({ signal }) => call<SeriesFound>("POST", "/series", wanted, signal),
    select: (answer) => answer.series,
    placeholderData: keepPreviousData,
    enabled: enabled && wanted.refs.length > 0 && wanted.keys.length > 0,
  });
}

export function useEntities(refs: string[]) {
  return useQueries({
    queries: refs.map((ref) => ({
      queryKey: ["entity", ref, null],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Neighbourhood>(`${entityPath(ref)}?parts=${WHOLE}`, signal),
    })),
  });
}

export function useVersions(ref: string, enabled: boolean) {
  return useQuery({
    queryKey: ["versions", ref],
    queryFn: ({ signal }) => get<Versions>(`${entityPath(ref)}/versions?limit=50`, signal),
    enabled,
  });
}

export function useDifference(before: string, after: string) {
  return useQuery({
    queryKey: ["diff", before, after],
    queryFn: ({ signal }) => get<Difference>(`/diff${queryString({ before, after })}`, signal),
    enabled: before !== "" && after !== "",
  });
}
