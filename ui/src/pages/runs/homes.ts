/** What the runs in sight are in: experiments, and the jobs of other tools. */

import { useMemo } from "react";
import { useFind } from "../../api/queries";
import type { Entity } from "../../api/types";
import { title } from "../../format/words";

export function useHomes(known: Map<number, string>, runs: (Entity | undefined)[]): Map<number, string> {
  const missing = new Set(runs.flatMap((run) => (run?.home != null && !known.has(run.home) ? [run.home] : [])));
  const { data } = useFind(
    {
      where: { expr: "compare", field: { field: "attribute", name: "id" }, op: "in", value: [...missing].sort((a, b) => a - b) },
      state: "all",
      parts: [],
    },
    missing.size > 0,
  );
  return useMemo(() => new Map([...known, ...(data?.entities ?? []).map((each): [number, string] => [each.id, title(each)])]), [known, data]);
}
