import type { Entity } from "../../api/types";
import { RunTable } from "../../components/run-table";
import { Labels } from "../../components/labels";
import { Ago, EntityLink, Status } from "../../components/small";
import { kindName } from "../../format/words";
import { navigate, withParams } from "../../router";

/** A table of runs when there are only runs, else a list. */
export function Results({ entities, order }: { entities: Entity[]; order: string }) {
  if (entities.every((entity) => entity.kind === "run")) {
    const sort = (next: string | null) => navigate(withParams({ order: next, cursor: null }), { keepScroll: true });
    return <RunTable runs={entities} order={order} sort={sort} />;
  }
  return (
    <ul className="rows">
      {entities.map((entity) => (
        <li key={entity.uuid} className="row-item">
          <EntityLink entity={entity} />
          {entity.state === "deleted" && <span className="state">deleted</span>}
          <Status entity={entity} />
          <Labels labels={entity.labels} />
          <span className="row-detail">
            {kindName(entity.kind)} in {entity.namespace}
            {entity.owner && ` · ${entity.owner}`}
          </span>
          <span className="row-time">
            <Ago at={entity.updated} />
          </span>
        </li>
      ))}
    </ul>
  );
}
