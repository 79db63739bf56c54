import type { Entity } from "../../api/types";
import { EntityRows } from "../../components/rows";
import { RunTable } from "../../components/run-table";
import { navigate, withParams } from "../../router";

/** A table of runs when there are only runs, else a list. */
export function Results({ entities, order }: { entities: Entity[]; order: string }) {
  if (entities.every((entity) => entity.kind === "run")) {
    const sort = (next: string | null) => navigate(withParams({ order: next, cursor: null }), { keepScroll: true });
    return <RunTable runs={entities} order={order} sort={sort} />;
  }
  return <EntityRows entities={entities} />;
}
