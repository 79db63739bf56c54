/** Entities of any kind, one in a row. */

import type { Entity } from "../api/types";
import { kindName } from "../format/words";
import { Labels } from "./labels";
import { Ago, EntityLink, Status } from "./small";

export function EntityRows({ entities }: { entities: Entity[] }) {
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
