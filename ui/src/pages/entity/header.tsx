import type { Entity } from "../../api/types";
import { KindIcon } from "../../components/icons";
import { ExplainedLabels } from "../../components/labels";
import { NamedLink, Status } from "../../components/small";
import { short } from "../../format/properties";
import { kindName, title } from "../../format/words";
import { kindHref, Link } from "../../router";

const DESCRIPTIONS = ["description", "tag.mlflow.note.content"];

/** `brief` leaves out what only the overview has room for. */
export function Header({ entity, brief }: { entity: Entity; brief: boolean }) {
  const { kind, namespace } = entity;
  const description = DESCRIPTIONS.map((key) => short(entity.properties?.[key])).find(Boolean);
  return (
    <header className="entity-head">
      <div className="entity-title">
        <KindIcon kind={kind} />
        <h1>{title(entity)}</h1>
        <Status entity={entity} />
        {entity.state === "deleted" && <span className="state">deleted</span>}
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
      {description && !brief && <p className="description">{description}</p>}
    </header>
  );
}
