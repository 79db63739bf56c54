/** The pages of a long table that are on the screen, and what was already read of the others. */

import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { rowsOptions } from "../../api/queries";
import type { Entity, Page } from "../../api/types";
import { PAGE, queryOf, rowsOf, type Column, type RunsState } from "./state";

export interface Table {
  total: number;
  /** undefined as long as it is on its way */
  row: (index: number) => Entity | undefined;
  /** All that is at hand. */
  loaded: Entity[];
}

export function usePages(state: RunsState, columns: Column[], first: number, last: number): Table {
  const numbers = range(Math.floor(first / PAGE), Math.floor(last / PAGE));
  const head = useQuery({ ...rowsOptions(rowsOf(queryOf(state, 0), columns)), placeholderData: keepPreviousData });
  const shown = useQueries({
    queries: numbers.filter((number) => number > 0).map((number) => rowsOptions(rowsOf(queryOf(state, number * PAGE), columns))),
  });
  const client = useQueryClient();
  const pages = new Map<number, Page>();
  if (head.data) pages.set(0, head.data);
  numbers.filter((number) => number > 0).forEach((number, at) => shown[at]?.data && pages.set(number, shown[at].data));
  const page = (number: number) =>
    pages.get(number) ?? client.getQueryData<Page>(rowsOptions(rowsOf(queryOf(state, number * PAGE), columns)).queryKey);
  return {
    total: head.data?.total ?? 0,
    row: (index) => page(Math.floor(index / PAGE))?.entities[index % PAGE],
    loaded: [...pages.values()].flatMap(({ entities }) => entities),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}
