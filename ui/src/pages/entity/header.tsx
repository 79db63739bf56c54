import type { Entity } from "../../api/types";
import { KindIcon } from "../../components/icons";
import { ExplainedLabels } from "../../components/labels";
import { NamedLink, Status } from "../../components/small";
import { kindName, title } from "../../format/words";
import { kindHref, Link, queryText } from "../../router";
import { Description } from "./description";

/** `brief` leaves out what only the overview has room for. */
export function Header({ entity, brief, past }: { entity: Entity; brief: boolean; past: boolean }) {
  const { kind, namespace } = entity;
  return (
    <header className="entity-head">
      <div className="entity-title">
        <KindIcon kind={kind} />
        <h1>{title(entity)}</h1>
        <Status entity={entity} />
        {entity.state === "deleted" && <span className="state">deleted</span>}
        <Actions entity={entity} />
      </div>
      <p className="entity-place">
        <Link href={kindHref(kind)}>{kindName(kind)}</Link>
        <span>
          in <Link href={`/search?namespace=${encodeURIComponent(namespace)}`}>{namespace}</Link>
        </span>
        {entity.home != null && (
          <span className="crumb">
            part of <NamedLink id={entity.home} />
          </span>
        )}
        {entity.owner && (
          <span>
            owned by <Link href={`/search?owner=${encodeURIComponent(entity.owner)}`}>{entity.owner}</Link>
          </span>
        )}
      </p>
      <ExplainedLabels uuid={entity.uuid} labels={entity.labels ?? []} />
      {!brief && <Description key={entity.uuid} entity={entity} past={past} />}
    </header>
  );
}

/** Where one goes from here most often. */
function Actions({ entity: { id, uuid, kind, home } }: { entity: Entity }) {
  return (
    <span className="entity-actions">
      {kind === "experiment" && (
        <Link className="button" href={`/runs${queryText({ experiment: String(id) })}`}>
          Table of runs
        </Link>
      )}
      {kind === "run" && (
        <>
          <Link className="button" href={`/compare${queryText({ run: uuid })}`}>
            Curves
          </Link>
          {home != null && (
            <Link className="button" href={`/runs${queryText({ experiment: String(home) })}`}>
              Beside others
            </Link>
          )}
        </>
      )}
    </span>
  );
}
