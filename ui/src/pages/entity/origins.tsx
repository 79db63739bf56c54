/** Beside a model what it was trained on, beside a data set how fresh it is. */

import { useFind, useLineage, useVersions } from "../../api/queries";
import type { Entity, Query } from "../../api/types";
import { Ago, EntityLink, NamedLink, Section, useFew } from "../../components/small";
import { aliasesOf, numberOfVersion } from "../../format/models";
import { count } from "../../format/number";
import { duration } from "../../format/time";
import { entityHref, Link } from "../../router";

const DEPTH = 12;
const LIMIT = 300;
const FEW = 8;

/** Of a model the data of the version that an alias leads to, else of the newest. */
export function TrainedOn({ entity }: { entity: Entity }) {
  const version = useServing(entity);
  const of = entity.kind === "model" ? version : entity;
  const { data } = useLineage(of?.uuid ?? "", "up", DEPTH, LIMIT, of !== undefined);
  const found = (data?.nodes ?? []).filter(({ kind }) => kind === "dataset");
  const { shown, more } = useFew(found, FEW);
  if (!of || found.length === 0) return null;
  return (
    <Section heading="Data behind it" aside={<Link href={`/lineage?of=${of.uuid}&up=${DEPTH}&down=1`}>Lineage</Link>}>
      {entity.kind === "model" && (
        <p className="muted">
          of <Link href={entityHref(of.uuid)}>version {numberOfVersion(of)}</Link>
        </p>
      )}
      <ul className="links">
        {shown.map((each) => (
          <li key={each.uuid}>
            <EntityLink entity={each} />
          </li>
        ))}
      </ul>
      {more}
    </Section>
  );
}

function useServing(model: Entity): Entity | undefined {
  const where: Query["where"] = { expr: "compare", field: { field: "attribute", name: "home" }, op: "=", value: model.id };
  const query: Query = { kinds: ["model_version"], where, order: [{ field: { field: "property", key: "version" }, descending: true }], limit: 200, parts: ["properties"] };
  const { data } = useFind(query, model.kind === "model");
  const serving = new Set(aliasesOf(model).map(([, number]) => number));
  return data?.entities.find((version) => serving.has(numberOfVersion(version))) ?? data?.entities[0];
}

export function Freshness({ uuid }: { uuid: string }) {
  const { data } = useVersions(uuid, true);
  if (!data || (data.freshness.written == null && data.versions.length === 0)) return null;
  const { written, run, interval, due, stale } = data.freshness;
  return (
    <Section heading="Freshness" aside={stale && <span className="status" data-tone="bad">overdue</span>}>
      <dl className="details">
        {written != null && (
          <>
            <dt>Written</dt>
            <dd>
              <Ago at={written} /> {run != null && <NamedLink id={run} />}
            </dd>
          </>
        )}
        {interval != null && (
          <>
            <dt>Usually every</dt>
            <dd>{duration(interval)}</dd>
          </>
        )}
        {due != null && (
          <>
            <dt>Next expected</dt>
            <dd>
              <Ago at={due} />
            </dd>
          </>
        )}
        <dt>Versions</dt>
        <dd>{count(data.versions.length)}</dd>
      </dl>
    </Section>
  );
}
